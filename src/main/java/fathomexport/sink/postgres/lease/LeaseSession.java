package fathomexport.sink.postgres.lease;

import fathomexport.sink.postgres.db.Database;
import fathomexport.sink.postgres.db.Queries;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The database session of a run's lease. It holds an advisory lock on its holder's number as long
 * as it lives. If it breaks, the next use opens another session with another number and transfers
 * everything under way to it. Not thread-safe.
 */
final class LeaseSession {
  private static final Logger LOG = LoggerFactory.getLogger(LeaseSession.class);

  /** The longest that the database may take for a statement, including waits for locks. */
  private static final Duration LONGEST_ANSWER = Duration.ofSeconds(30);

  private final Database database;
  private final PermitTables tables;
  private final ScheduleQuery schedule;

  /** The uses of a statement after which the server keeps it, and soon its plan. */
  private static final int KEPT_AFTER = 2;

  /** The holders of broken sessions, as long as their late commits may still become visible. */
  private final List<Integer> earlier = new ArrayList<>();

  private @Nullable Connection connection;
  private int holder;
  private boolean closed;

  LeaseSession(Database database, PermitTables tables, ScheduleQuery schedule) {
    this.database = database;
    this.tables = tables;
    this.schedule = schedule;
  }

  /** Returns the number under which the session's permits are taken. */
  int holder() {
    return holder;
  }

  /** Runs work on the session. If that fails, the session is closed. */
  <T> T with(Database.ConnectionWork<T> work) throws SQLException {
    if (closed) {
      throw new IllegalStateException("the lease is closed");
    }
    Connection current = connection;
    if (current == null) {
      current = begin();
      connection = current;
    }
    boolean well = false;
    try {
      T result = work.on(current);
      well = true;
      return result;
    } finally {
      if (!well) {
        connection = null;
        database.discard(current);
      }
    }
  }

  private Connection begin() throws SQLException {
    Connection next = database.connect();
    boolean well = false;
    try {
      // The same few statements for each request. To parse and plan them takes longer than to run
      // them. No pooler comes between, because the session's lock needs a separate session.
      Queries.keepPlans(next, KEPT_AFTER);
      next.setNetworkTimeout(Runnable::run, Math.toIntExact(LONGEST_ANSWER.toMillis()));
      try (Statement statement = next.createStatement()) {
        // The session may be idle for hours, but not while it holds the lock on the account's row:
        // a run that was suspended there would block all others. A lost client machine is detected
        // within a minute.
        statement.execute(
            """
            SET idle_session_timeout = 0; SET idle_in_transaction_session_timeout = '10s';
            SET lock_timeout = '20s'; SET tcp_keepalives_idle = 20;
            SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3\
            """);
      }
      int number = Holders.begin(next);
      if (holder != 0) {
        earlier.add(holder);
      }
      holder = number;
      tables.enter(next);
      if (!earlier.isEmpty()) {
        Holders.takeOver(next, holder, earlier);
      }
      well = true;
      return next;
    } finally {
      if (!well) {
        database.discard(next);
      }
    }
  }

  /**
   * Runs work in a transaction that begins by locking the account's row.
   *
   * <p>The commit of a broken session may take effect only after the next session has begun. It
   * holds the lock on the account's row until then, so the next holder of that lock sees its
   * result.
   */
  <T> T transaction(Connection current, QuotaLimits limits, LockedWork<T> work)
      throws SQLException {
    current.setAutoCommit(false);
    try {
      Instant deferredUntil = schedule.lock(current);
      if (!earlier.isEmpty()) {
        Holders.takeOver(current, holder, earlier);
      }
      T result = work.on(schedule.read(current, holder, deferredUntil, limits));
      current.commit();
      earlier.clear();
      return result;
    } finally {
      end(current);
    }
  }

  /** Work that runs while the account's row is locked. */
  @FunctionalInterface
  interface LockedWork<T> {
    T on(PermitSchedule schedule) throws SQLException;
  }

  /** Rolls back an open transaction, if the connection still works. */
  private static void end(Connection current) {
    try {
      if (!current.getAutoCommit()) {
        current.rollback();
        current.setAutoCommit(true);
      }
    } catch (SQLException e) {
      LOG.debug("a transaction ended with its connection", e);
    }
  }

  /**
   * Closes the session, after one last piece of work if the connection still works.
   *
   * @param last not run if no session is open
   */
  void close(Database.ConnectionWork<Boolean> last) {
    closed = true;
    Connection current = connection;
    connection = null;
    if (current == null) {
      return;
    }
    try {
      last.on(current);
    } catch (SQLException e) {
      LOG.debug("a lease ended with its connection", e);
    } finally {
      database.discard(current);
    }
  }
}
