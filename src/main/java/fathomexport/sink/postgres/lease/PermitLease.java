package fathomexport.sink.postgres.lease;

import fathomexport.ledger.LedgerException;
import fathomexport.sink.postgres.db.Database;
import fathomexport.sink.postgres.db.PostgresSettings;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run's part in the permits of an account, which all runs share that use the same database, on
 * whichever machine. Never waits for a permit: it says when to ask again, and no transaction is
 * open in between. All times are the database's.
 *
 * <p>The run's session holds an advisory lock for as long as it lives: so everybody sees at once
 * when a holder has died. What it had under way then counts as if its answer ended at that moment.
 * A holder that lives but says nothing is taken for stopped when its lease is over, and must not
 * send any more: see {@link Limits#lease}.
 *
 * <p>Thread-safe.
 */
public final class PermitLease implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PermitLease.class);

  /** The first of the two numbers of a holder's advisory lock; the second is the holder's. */
  private static final int LOCK_CLASS = 0x66617468;

  /** How long after the time that it announced somebody who waits counts as waiting. */
  private static final Duration SLACK = Duration.ofSeconds(3);

  /** How long one of a greater priority, or with fewer permits, is waited for to come back. */
  private static final Duration BACK_SOON = Duration.ofSeconds(2);

  /** The longest that the database may take for a statement, locks of others included. */
  private static final Duration LONGEST_ANSWER = Duration.ofSeconds(30);

  private final Database database;
  private final String account;
  private final Quota quota;
  private final Limits limits;
  private final int priority;
  private final Supplier<@Nullable Instant> clock;

  /** Permits whose end could not be told yet, and since when. */
  private final Map<Granted, Ended> untold = new HashMap<>();

  /** Until when, by {@code System.nanoTime()}, a deferral lasts that could not be told yet. */
  private @Nullable Long deferral;

  private @Nullable Connection session;
  private int holder;
  private boolean closed;

  /**
   * What an account grants.
   *
   * @param perWindow requests that the API allows in a window
   * @param window its length
   * @param maxInFlight requests under way at once, over all runs
   * @param lease how long after it was taken a permit's request has surely ended; a holder that has
   *     not sent it by then minus the longest call must not send it
   */
  public record Limits(int perWindow, Duration window, int maxInFlight, Duration lease) {
    public Limits {
      if (perWindow < 1
          || maxInFlight < 1
          || window.isNegative()
          || window.isZero()
          || lease.isNegative()
          || lease.isZero()) {
        throw new IllegalArgumentException(
            "permits: "
                + perWindow
                + " in "
                + window
                + ", "
                + maxInFlight
                + " in flight, for "
                + lease);
      }
    }
  }

  /** Which of an account's quotas permits are taken from. */
  public enum Quota {
    /** Of the endpoints that are billed. */
    REPORTS("reports"),
    /** Of all other endpoints. */
    LOOKUPS("lookups");

    private final String key;

    Quota(String key) {
      this.key = key;
    }
  }

  /** What asking for a permit came to. */
  public sealed interface Reply {}

  /** The right to one request, to be given to {@link #end} or {@link #giveBack}. */
  public static final class Granted implements Reply {
    private final long id;
    private final @Nullable Long ticket;

    private Granted(long id, @Nullable Long ticket) {
      this.id = id;
      this.ticket = ticket;
    }
  }

  /**
   * None is free.
   *
   * @param pause after which to ask again
   * @param free how long it takes until one is free, as far as that can be told
   * @param asked whether it is the API that has asked for no request before; else it is the quota
   */
  public record Wait(Duration pause, Duration free, boolean asked) implements Reply {}

  /** The database cannot be reached; it may be later. */
  public record Unreachable(LedgerException reason) implements Reply {}

  /** One who wants a permit: keeps the place in the queue. For one thread. */
  public static final class Ticket {
    private @Nullable Long number;
  }

  private record Ended(long nanos, boolean limited) {}

  /**
   * Whether a database has the tables of permits. Writes nothing.
   *
   * @throws LedgerException when it cannot be asked
   */
  public static boolean prepared(PostgresSettings settings, Map<String, String> environment) {
    try (Database database = new Database(settings, environment)) {
      try (Connection connection = database.connect();
          Statement statement = connection.createStatement();
          ResultSet row =
              statement.executeQuery(
                  "SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attname = 'quota' AND"
                      + " attrelid = pg_catalog.to_regclass('fathom_ops.permit'))")) {
        return row.next() && row.getBoolean(1);
      } catch (SQLException e) {
        throw new LedgerException(database.describe(e), e);
      }
    }
  }

  /**
   * Touches nothing yet.
   *
   * @param account whose permits: all who name it alike share them
   * @param priority who has a greater one is served first
   */
  public PermitLease(
      PostgresSettings settings,
      Map<String, String> environment,
      String account,
      Quota quota,
      Limits limits,
      int priority) {
    this(settings, environment, account, quota, limits, priority, () -> null);
  }

  /**
   * Touches nothing yet.
   *
   * @param clock in place of the database's; null for the database's own
   */
  public PermitLease(
      PostgresSettings settings,
      Map<String, String> environment,
      String account,
      Quota quota,
      Limits limits,
      int priority,
      Supplier<@Nullable Instant> clock) {
    this.database = new Database(settings, environment);
    this.account = account;
    this.quota = quota;
    this.limits = limits;
    this.priority = priority;
    this.clock = clock;
  }

  /**
   * Takes a permit if one is free.
   *
   * @throws LedgerException when the database answers, but not with what was asked
   */
  public synchronized Reply ask(Ticket ticket) {
    try {
      return onSession(connection -> ask(connection, ticket));
    } catch (SQLException e) {
      if (Database.worthRepeating(e) || timedOut(e)) {
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
            leave(connection, number);
            return true;
          });
    } catch (SQLException e) {
      LOG.debug("a place in the queue is left to grow stale", e);
    }
  }

  /**
   * The request's answer has ended, one way or the other. Throws nothing: what cannot be told now
   * is told later, or is seen by the lease's end.
   *
   * @param limited whether the answer was that a limit was exceeded
   */
  public synchronized void end(Granted permit, boolean limited) {
    if (closed) {
      return;
    }
    untold.put(permit, new Ended(System.nanoTime(), limited));
    try {
      onSession(connection -> true);
    } catch (SQLException e) {
      LOG.warn("the end of a request is told later: {}", database.describe(e));
    }
  }

  /** The permit was not used. */
  public synchronized void giveBack(Granted permit) {
    if (closed) {
      return;
    }
    try {
      onSession(
          connection -> {
            giveBack(connection, permit);
            return true;
          });
    } catch (SQLException e) {
      LOG.warn("an unused permit runs out by itself: {}", database.describe(e));
    }
  }

  /**
   * Gives no permit for this long, to anybody. Throws nothing: what cannot be told now is told
   * before this run asks again.
   */
  public synchronized void defer(Duration time) {
    if (closed) {
      return;
    }
    long until = System.nanoTime() + time.toNanos();
    try {
      onSession(
          connection -> {
            defer(connection, time);
            return true;
          });
    } catch (SQLException e) {
      LOG.warn("that the API has asked to wait is told later: {}", database.describe(e));
      deferral = until;
    }
  }

  // --- What is done within a session

  private Reply ask(Connection connection, Ticket ticket) throws SQLException {
    connection.setAutoCommit(false);
    try {
      PermitState state = state(connection);
      PermitState.Advice advice = state.advice(holder, priority, ticket.number, limits);
      forget(connection, state);
      Reply reply;
      if (advice.granted()) {
        reply = take(connection, state.now(), ticket);
      } else {
        queue(connection, ticket, state.now().plus(advice.pause()).plus(SLACK), true);
        reply =
            new Wait(
                advice.pause(),
                Duration.between(state.now(), advice.free()),
                !state.deferredUntil().isBefore(advice.free()));
      }
      connection.commit();
      if (reply instanceof Granted) {
        ticket.number = null;
      }
      return reply;
    } finally {
      endTransaction(connection);
    }
  }

  /** Ends what is left of a transaction, when the connection still can. */
  private static void endTransaction(Connection connection) {
    try {
      if (!connection.getAutoCommit()) {
        connection.rollback();
        connection.setAutoCommit(true);
      }
    } catch (SQLException e) {
      LOG.debug("a transaction ended with its connection", e);
    }
  }

  /** Locks the account's row; then, and only then, looks. */
  private PermitState state(Connection connection) throws SQLException {
    Instant deferredUntil = Instant.MIN;
    try (PreparedStatement query =
        connection.prepareStatement(
            "SELECT deferred_until FROM fathom_ops.account"
                + " WHERE account = ? AND quota = ? FOR UPDATE")) {
      query.setString(1, account);
      query.setString(2, quota.key);
      try (ResultSet row = query.executeQuery()) {
        if (row.next()) {
          deferredUntil = instant(row, 1);
        }
      }
    }
    Instant now = Instant.MIN;
    List<PermitState.Permit> permits = new ArrayList<>();
    List<PermitState.Place> queue = new ArrayList<>();
    try (PreparedStatement query =
        connection.prepareStatement(
            """
            WITH clock AS MATERIALIZED (
              SELECT coalesce(?::timestamptz, clock_timestamp()) AS now
            ), alive AS MATERIALIZED (
              SELECT l.objid::bigint AS holder
                FROM pg_locks l
               WHERE l.locktype = 'advisory' AND l.granted
                 AND l.classid = ?::oid AND l.objsubid = 2
                 AND l.database = (SELECT d.oid FROM pg_database d
                                    WHERE d.datname = current_database())
            )
            SELECT 'now' AS kind, 0::bigint AS id, 0 AS holder, 0 AS priority, true AS flag,
                   c.now AS until, NULL::timestamptz AS ended_at
              FROM clock c
            UNION ALL
            SELECT 'permit', p.id, p.holder, 0, p.holder IN (SELECT holder FROM alive),
                   p.lease_until, p.ended_at
              FROM fathom_ops.permit p
             WHERE p.account = ? AND p.quota = ?
            UNION ALL
            SELECT 'place', q.ticket, q.holder, q.priority, q.waiting, q.fresh_until, NULL
              FROM fathom_ops.permit_queue q, clock c
             WHERE q.account = ? AND q.quota = ? AND q.fresh_until >= c.now
               AND q.holder IN (SELECT holder FROM alive)\
            """)) {
      bind(query, 1, clock.get());
      query.setInt(2, LOCK_CLASS);
      query.setString(3, account);
      query.setString(4, quota.key);
      query.setString(5, account);
      query.setString(6, quota.key);
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          switch (rows.getString("kind")) {
            case "now" -> now = instant(rows, 6);
            case "permit" ->
                permits.add(
                    new PermitState.Permit(
                        rows.getLong("id"),
                        rows.getInt("holder"),
                        instant(rows, 6),
                        rows.getObject(7) == null ? null : instant(rows, 7),
                        rows.getBoolean("flag")));
            case "place" ->
                queue.add(
                    new PermitState.Place(
                        rows.getLong("id"),
                        rows.getInt("holder"),
                        rows.getInt("priority"),
                        rows.getBoolean("flag")));
            default -> throw new IllegalStateException(rows.getString("kind"));
          }
        }
      }
    }
    return new PermitState(now, deferredUntil, permits, queue);
  }

  /** Writes down whose requests are over, and removes what counts no more. */
  private void forget(Connection connection, PermitState state) throws SQLException {
    boolean old = false;
    for (PermitState.Permit permit : state.permits()) {
      Instant ended = permit.endedBy(state.now());
      if (ended != null && permit.endedAt() == null) {
        LOG.warn(
            "a request of {} is counted as ended: its run {}",
            account,
            permit.alive() ? "has said nothing for too long" : "is gone");
        try (PreparedStatement settle =
            connection.prepareStatement(
                "UPDATE fathom_ops.permit SET ended_at = ? WHERE id = ? AND ended_at IS NULL")) {
          bind(settle, 1, ended);
          settle.setLong(2, permit.id());
          settle.executeUpdate();
        }
      }
      old |= ended != null && !PermitState.forgotten(ended, limits).isAfter(state.now());
    }
    if (old) {
      try (PreparedStatement delete =
          connection.prepareStatement(
              "WITH permits AS (DELETE FROM fathom_ops.permit"
                  + " WHERE account = ? AND quota = ? AND ended_at <= ?)"
                  + " DELETE FROM fathom_ops.permit_queue"
                  + " WHERE account = ? AND quota = ? AND fresh_until < ?")) {
        delete.setString(1, account);
        delete.setString(2, quota.key);
        bind(delete, 3, state.now().minus(Duration.between(Instant.EPOCH, hold(Instant.EPOCH))));
        delete.setString(4, account);
        delete.setString(5, quota.key);
        bind(delete, 6, state.now());
        delete.executeUpdate();
      }
    }
  }

  private Instant hold(Instant ended) {
    return PermitState.forgotten(ended, limits);
  }

  private Granted take(Connection connection, Instant now, Ticket ticket) throws SQLException {
    queue(connection, ticket, now.plus(limits.lease()), false);
    try (PreparedStatement take =
        connection.prepareStatement(
            """
            WITH counted AS (
              INSERT INTO fathom_ops.request_count AS c (account, day, requests, limited)
              SELECT ?, ?, 1, 0 WHERE ?
              ON CONFLICT (account, day) DO UPDATE SET requests = c.requests + 1
            )
            INSERT INTO fathom_ops.permit (account, quota, holder, taken_at, lease_until)
            VALUES (?, ?, ?, ?, ?)
            RETURNING id\
            """)) {
      take.setString(1, account);
      take.setObject(2, now.atOffset(ZoneOffset.UTC).toLocalDate());
      take.setBoolean(3, quota == Quota.REPORTS);
      take.setString(4, account);
      take.setString(5, quota.key);
      take.setInt(6, holder);
      bind(take, 7, now);
      bind(take, 8, now.plus(limits.lease()));
      try (ResultSet row = take.executeQuery()) {
        row.next();
        return new Granted(row.getLong(1), ticket.number);
      }
    }
  }

  private void queue(Connection connection, Ticket ticket, Instant freshUntil, boolean waiting)
      throws SQLException {
    Long number = ticket.number;
    if (number != null) {
      try (PreparedStatement update =
          connection.prepareStatement(
              "UPDATE fathom_ops.permit_queue SET holder = ?, fresh_until = ?, waiting = ?"
                  + " WHERE ticket = ?")) {
        update.setInt(1, holder);
        bind(update, 2, freshUntil);
        update.setBoolean(3, waiting);
        update.setLong(4, number);
        if (update.executeUpdate() == 1) {
          return;
        }
      }
    }
    try (PreparedStatement insert =
        connection.prepareStatement(
            "INSERT INTO fathom_ops.permit_queue"
                + " (account, quota, holder, priority, waiting, fresh_until)"
                + " VALUES (?, ?, ?, ?, ?, ?) RETURNING ticket")) {
      insert.setString(1, account);
      insert.setString(2, quota.key);
      insert.setInt(3, holder);
      insert.setInt(4, priority);
      insert.setBoolean(5, waiting);
      bind(insert, 6, freshUntil);
      try (ResultSet row = insert.executeQuery()) {
        row.next();
        ticket.number = row.getLong(1);
      }
    }
  }

  private static void leave(Connection connection, long ticket) throws SQLException {
    try (PreparedStatement delete =
        connection.prepareStatement("DELETE FROM fathom_ops.permit_queue WHERE ticket = ?")) {
      delete.setLong(1, ticket);
      delete.executeUpdate();
    }
  }

  private void end(Connection connection, Granted permit, Ended how) throws SQLException {
    try (PreparedStatement update =
        connection.prepareStatement(
            """
            WITH clock AS MATERIALIZED (
              SELECT coalesce(?::timestamptz, clock_timestamp() - ? * interval '1 microsecond')
                     AS ended_at
            ), ended AS (
              UPDATE fathom_ops.permit p
                 SET ended_at = greatest(p.ended_at, c.ended_at)
                FROM clock c
               WHERE p.id = ?
              RETURNING p.account, p.quota, p.taken_at
            ), back AS (
              UPDATE fathom_ops.permit_queue q
                 SET fresh_until = c.ended_at + ? * interval '1 millisecond'
                FROM clock c
               WHERE q.ticket = ? AND NOT q.waiting
            )
            UPDATE fathom_ops.request_count r
               SET limited = r.limited + 1
              FROM ended e
             WHERE ? AND e.quota = 'reports' AND r.account = e.account
               AND r.day = (e.taken_at AT TIME ZONE 'UTC')::date\
            """)) {
      bind(update, 1, clock.get());
      update.setLong(2, (System.nanoTime() - how.nanos()) / 1_000);
      update.setLong(3, permit.id);
      update.setLong(4, BACK_SOON.toMillis());
      update.setObject(5, permit.ticket, Types.BIGINT);
      update.setBoolean(6, how.limited());
      update.executeUpdate();
    }
  }

  private static void giveBack(Connection connection, Granted permit) throws SQLException {
    try (PreparedStatement delete =
        connection.prepareStatement(
            """
            WITH unused AS (
              DELETE FROM fathom_ops.permit WHERE id = ? RETURNING account, quota, taken_at
            ), gone AS (
              DELETE FROM fathom_ops.permit_queue WHERE ticket = ?
            )
            UPDATE fathom_ops.request_count r
               SET requests = r.requests - 1
              FROM unused u
             WHERE u.quota = 'reports' AND r.account = u.account AND r.day = (u.taken_at AT TIME ZONE 'UTC')::date\
            """)) {
      delete.setLong(1, permit.id);
      delete.setObject(2, permit.ticket, Types.BIGINT);
      delete.executeUpdate();
    }
  }

  private void defer(Connection connection, Duration time) throws SQLException {
    try (PreparedStatement update =
        connection.prepareStatement(
            "UPDATE fathom_ops.account SET deferred_until = greatest(deferred_until,"
                + " coalesce(?::timestamptz, clock_timestamp()) + ? * interval '1 millisecond')"
                + " WHERE account = ? AND quota = ?")) {
      bind(update, 1, clock.get());
      update.setLong(2, time.toMillis());
      update.setString(3, account);
      update.setString(4, quota.key);
      update.executeUpdate();
    }
  }

  // --- The session

  /** Does something on the session, after all that is still to be told. */
  private <T> T onSession(Database.Work<T> work) throws SQLException {
    Connection connection = session;
    if (connection == null) {
      connection = begin();
      session = connection;
    }
    boolean well = false;
    try {
      Iterator<Map.Entry<Granted, Ended>> ended = untold.entrySet().iterator();
      while (ended.hasNext()) {
        Map.Entry<Granted, Ended> next = ended.next();
        end(connection, next.getKey(), next.getValue());
        ended.remove();
      }
      Long until = deferral;
      if (until != null) {
        defer(connection, Duration.ofNanos(Math.max(0, until - System.nanoTime())));
        deferral = null;
      }
      T result = work.on(connection);
      well = true;
      return result;
    } finally {
      if (!well) {
        session = null;
        database.discard(connection);
      }
    }
  }

  private Connection begin() throws SQLException {
    if (closed) {
      throw new IllegalStateException("the lease is closed");
    }
    Connection connection = database.connect();
    boolean well = false;
    try {
      connection.setNetworkTimeout(Runnable::run, Math.toIntExact(LONGEST_ANSWER.toMillis()));
      int before = holder;
      try (Statement statement = connection.createStatement()) {
        // Idle it may be for hours, but not with the account's row locked: a run that was stopped
        // right there would stop all others. That the machine is gone shows within a minute.
        statement.execute(
            "SET idle_session_timeout = 0; SET idle_in_transaction_session_timeout = '10s';"
                + " SET lock_timeout = '20s'; SET tcp_keepalives_idle = 20;"
                + " SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3");
        try (ResultSet row =
            statement.executeQuery(
                "SELECT h, pg_advisory_lock("
                    + LOCK_CLASS
                    + ", h) FROM (SELECT nextval('fathom_ops.permit_holder')::integer AS h) n")) {
          row.next();
          holder = row.getInt(1);
        }
      }
      enter(connection, before);
      well = true;
      return connection;
    } finally {
      if (!well) {
        database.discard(connection);
      }
    }
  }

  /** Enters the account, and takes over what an earlier session of this run had under way. */
  private void enter(Connection connection, int before) throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement(
            "INSERT INTO fathom_ops.account (account, quota) VALUES (?, ?)"
                + " ON CONFLICT DO NOTHING")) {
      insert.setString(1, account);
      insert.setString(2, quota.key);
      insert.executeUpdate();
    }
    if (before != 0) {
      try (PreparedStatement update =
          connection.prepareStatement(
              "UPDATE fathom_ops.permit SET holder = ? WHERE holder = ? AND ended_at IS NULL")) {
        update.setInt(1, holder);
        update.setInt(2, before);
        update.executeUpdate();
      }
    }
  }

  /** Leaves what is under way to be seen as ended now. */
  @Override
  public synchronized void close() {
    closed = true;
    Connection connection = session;
    session = null;
    if (connection != null) {
      try {
        for (Map.Entry<Granted, Ended> ended : untold.entrySet()) {
          end(connection, ended.getKey(), ended.getValue());
        }
        try (PreparedStatement delete =
            connection.prepareStatement("DELETE FROM fathom_ops.permit_queue WHERE holder = ?")) {
          delete.setInt(1, holder);
          delete.executeUpdate();
        }
      } catch (SQLException e) {
        LOG.debug("a lease ended with its connection", e);
      } finally {
        database.discard(connection);
      }
    }
    database.close();
  }

  private static boolean timedOut(SQLException e) {
    return "55P03".equals(e.getSQLState()) || "25P03".equals(e.getSQLState());
  }

  private LedgerException failed(SQLException e) {
    return "42P01".equals(e.getSQLState()) || "3F000".equals(e.getSQLState())
        ? new LedgerException(
            "PostgreSQL at "
                + database.place()
                + " has no table of permits yet: run `fathom-export migrate`, or any export",
            e)
        : new LedgerException(database.describe(e), e);
  }

  private static void bind(PreparedStatement statement, int index, @Nullable Instant time)
      throws SQLException {
    statement.setObject(
        index, time == null ? null : time.atOffset(ZoneOffset.UTC), Types.TIMESTAMP_WITH_TIMEZONE);
  }

  private static Instant instant(ResultSet rows, int column) throws SQLException {
    return rows.getObject(column, OffsetDateTime.class).toInstant();
  }
}
