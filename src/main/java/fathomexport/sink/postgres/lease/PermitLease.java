package fathomexport.sink.postgres.lease;

import fathomexport.ledger.LedgerException;
import fathomexport.report.Program;
import fathomexport.sink.postgres.db.Database;
import fathomexport.sink.postgres.db.DatabaseFailure;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.sink.postgres.db.Queries;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run's access to the permits of an account, which all runs on the same database share, on any
 * machine. A lease never waits for a permit: it returns when to ask again, and no transaction is
 * open in between. All times are the database's.
 *
 * <p>The run's session holds an advisory lock as long as it lives, so all runs see at once when a
 * holder has died. Its requests under way then count as if their responses ended at that moment. A
 * holder that lives but does not report is considered stopped when its lease expires, and must not
 * send any more: see {@link QuotaLimits#lease}.
 *
 * <p>Thread-safe.
 */
public final class PermitLease implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PermitLease.class);

  /**
   * Grace period after the announced retry time during which a waiting run keeps its place in the
   * queue.
   */
  private static final Duration SLACK = Duration.ofSeconds(3);

  private static final String IDLE_IN_TRANSACTION_TIMEOUT = "25P03";

  private final Database database;
  private final PermitTables tables;
  private final LeaseSession session;
  private final PendingRecords pending;
  private final QuotaLimits limits;
  private final int priority;

  /**
   * The permits that were granted, and neither ended nor given back. All others of this run are
   * orphans, once the ends of requests are recorded.
   */
  private final Set<Long> underWay = new HashSet<>();

  private boolean closed;

  /** The response to a request for a permit. */
  public sealed interface Reply {}

  /** The right to send one request. Pass it to {@link #end} or {@link #giveBack}. */
  public static final class Granted implements Reply {
    private final long id;
    private final long ticket;

    private Granted(long id, long ticket) {
      this.id = id;
      this.ticket = ticket;
    }
  }

  /**
   * No permit is free.
   *
   * @param pause after which to ask again
   * @param free the estimated time until a permit is free
   * @param asked whether the run waits because the API has asked for it, rather than for the quota
   */
  public record NoneFree(Duration pause, Duration free, boolean asked) implements Reply {}

  /** The database is unreachable; it may be reachable later. */
  public record Unreachable(LedgerException reason) implements Reply {}

  /** A request for a permit, which keeps its place in the queue. For one thread. */
  public static final class Ticket {
    private @Nullable Long number;
  }

  /**
   * Returns whether a database has the tables of permits. Writes nothing.
   *
   * @throws LedgerException if the query fails
   */
  public static boolean prepared(PostgresSettings settings, Map<String, String> environment) {
    try (Database database = new Database(settings, environment)) {
      Optional<String> pooler;
      try (Connection connection = database.connect()) {
        boolean prepared =
            Queries.first(
                    connection,
                    """
                    SELECT EXISTS (
                      SELECT FROM pg_catalog.pg_attribute
                       WHERE attname = 'quota'
                         AND attrelid = pg_catalog.to_regclass('fathom_ops.permit')) AS prepared\
                    """,
                    p -> {},
                    r -> r.flag("prepared"))
                .orElse(false);
        if (!prepared) {
          return false;
        }
        pooler = database.pooler(connection);
      } catch (SQLException e) {
        throw new LedgerException(database.describe(e), e);
      }
      if (pooler.isPresent()) {
        throw new LedgerException(pooler.get(), null);
      }
      return true;
    }
  }

  /**
   * Creates a lease without connecting to the database.
   *
   * @param account the account's name: all leases of this name share the permits
   * @param priority higher priorities are served first
   */
  public PermitLease(
      PostgresSettings settings,
      Map<String, String> environment,
      String account,
      LeasedQuota quota,
      QuotaLimits limits,
      int priority) {
    this(settings, environment, account, quota, limits, priority, () -> null);
  }

  /**
   * Creates a lease without connecting to the database.
   *
   * @param clock replaces the database's clock; supplies null for the database's own
   */
  public PermitLease(
      PostgresSettings settings,
      Map<String, String> environment,
      String account,
      LeasedQuota quota,
      QuotaLimits limits,
      int priority,
      Supplier<@Nullable Instant> clock) {
    this.database = new Database(settings, environment);
    this.tables = new PermitTables(account, quota, clock);
    this.session = new LeaseSession(database, tables, new ScheduleQuery(account, quota, clock));
    this.pending = new PendingRecords(tables, System::nanoTime);
    this.limits = limits;
    this.priority = priority;
  }

  /**
   * Takes a permit if one is free.
   *
   * @throws LedgerException if the database is reachable but refuses the query
   */
  public synchronized Reply ask(Ticket ticket) {
    try {
      Reply reply = onSession(connection -> ask(connection, ticket));
      pending.replaced();
      if (reply instanceof Granted granted) {
        underWay.add(granted.id);
        ticket.number = null;
      }
      return reply;
    } catch (SQLException e) {
      if (DatabaseFailure.worthRepeating(e) || timedOut(e)) {
        return new Unreachable(new LedgerException(database.describe(e), e));
      }
      throw failed(e);
    }
  }

  /** Gives up the place in the queue. */
  public synchronized void leave(Ticket ticket) {
    Long number = ticket.number;
    if (closed || number == null) {
      return;
    }
    ticket.number = null;
    try {
      onSession(
          connection -> {
            PermitTables.leave(connection, number);
            return true;
          });
    } catch (SQLException e) {
      LOG.debug("could not leave the queue; the place expires", e);
    }
  }

  /**
   * Records that the permit's request has ended, successfully or not. Throws nothing: what cannot
   * be recorded now is recorded later, or takes effect when the lease expires.
   *
   * @param limited whether the API answered that a limit was exceeded
   */
  public synchronized void end(Granted permit, boolean limited) {
    if (closed) {
      return;
    }
    underWay.remove(permit.id);
    pending.ended(permit.id, permit.ticket, limited);
    try {
      onSession(connection -> true);
    } catch (SQLException e) {
      LOG.warn("could not record that a request has ended; will retry: {}", database.describe(e));
    }
  }

  /**
   * Gives back a permit that was not used. Throws nothing: a permit that cannot be given back now
   * becomes an orphan, and is given back when this run asks again.
   */
  public synchronized void giveBack(Granted permit) {
    if (closed) {
      return;
    }
    underWay.remove(permit.id);
    try {
      onSession(
          connection -> {
            PermitTables.giveBack(connection, permit.id, permit.ticket);
            return true;
          });
    } catch (SQLException e) {
      LOG.warn("could not give back an unused permit; will retry: {}", database.describe(e));
    }
  }

  /**
   * Blocks all requests of the account for this long. Throws nothing: what cannot be recorded now
   * is recorded before this run asks again.
   */
  public synchronized void defer(Duration time) {
    if (closed) {
      return;
    }
    PendingRecords.Deferral deferral = pending.deferral(time);
    try {
      onSession(
          connection -> {
            tables.defer(connection, time);
            return true;
          });
    } catch (SQLException e) {
      LOG.warn(
          "could not share the API's Retry-After with other runs; will retry: {}",
          database.describe(e));
      pending.deferred(deferral);
    }
  }

  // --- Work within a session

  private Reply ask(Connection connection, Ticket ticket) throws SQLException {
    return session.transaction(
        connection,
        limits,
        found -> {
          PermitSchedule schedule = withoutOrphans(connection, found);
          PermitSchedule.Advice advice =
              schedule.advice(session.holder(), priority, ticket.number, limits);
          tables.forget(connection, schedule, limits);
          Instant now = schedule.now();
          Instant leaseUntil = now.plus(limits.lease());
          Instant freshUntil = now.plus(advice.pause()).plus(SLACK);
          if (!advice.granted()) {
            ticket.number =
                tables.await(
                    connection,
                    ticket.number,
                    pending.former(),
                    session.holder(),
                    priority,
                    freshUntil);
            return new NoneFree(
                advice.pause(),
                Duration.between(now, advice.free()),
                !schedule.deferredUntil().isBefore(advice.free()));
          }
          PermitTables.Taken taken =
              tables.take(
                  connection,
                  ticket.number,
                  pending.former(),
                  session.holder(),
                  priority,
                  now,
                  leaseUntil);
          ticket.number = taken.ticket();
          return new Granted(taken.permit(), taken.ticket());
        });
  }

  /**
   * Gives back the orphans of this run. No other run can do that, and until then they would count
   * as requests under way.
   */
  private PermitSchedule withoutOrphans(Connection connection, PermitSchedule found)
      throws SQLException {
    List<PermitSchedule.Permit> orphans = found.orphans(session.holder(), underWay);
    for (PermitSchedule.Permit orphan : orphans) {
      LOG.warn("giving back a permit whose reply was lost");
      PermitTables.giveBack(connection, orphan.id(), null);
    }
    return found.without(orphans);
  }

  /** Runs work on the session, after recording everything that is pending. */
  private <T> T onSession(Database.ConnectionWork<T> work) throws SQLException {
    return session.with(
        connection -> {
          pending.record(connection);
          return work.on(connection);
        });
  }

  /** Closes the session. Requests that are still under way then count as ended. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    session.close(
        connection -> {
          pending.record(connection);
          Holders.leaveAll(connection, session.holder());
          return true;
        });
    database.close();
  }

  private static boolean timedOut(SQLException e) {
    return DatabaseFailure.isLockNotAvailable(e)
        || IDLE_IN_TRANSACTION_TIMEOUT.equals(e.getSQLState());
  }

  private LedgerException failed(SQLException e) {
    return DatabaseFailure.isMissingTable(e)
        ? new LedgerException(
            "PostgreSQL at "
                + database.place()
                + " has no table of permits yet: run `"
                + Program.command("migrate")
                + "`, or any export",
            e)
        : new LedgerException(database.describe(e), e);
  }
}
