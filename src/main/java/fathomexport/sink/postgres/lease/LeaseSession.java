package fathomexport.sink.postgres.lease;

import fathomexport.sink.postgres.db.Database;
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
 * The session of one run's lease. It holds an advisory lock under the number of its holder for as
 * long as it lives. When it breaks, the next use begins another, under another number, to which all
 * belongs that was under way. Not thread-safe.
 */
final class LeaseSession {
  private static final Logger LOG = LoggerFactory.getLogger(LeaseSession.class);

  /** The longest that the database may take for a statement, locks of others included. */
  private static final Duration LONGEST_ANSWER = Duration.ofSeconds(30);

  private final Database database;
  private final PermitTables tables;

  /** Of sessions that broke, as long as something that they did may still show up. */
  private final List<Integer> earlier = new ArrayList<>();

  private @Nullable Connection connection;
  private int holder;
  private boolean closed;

  LeaseSession(Database database, PermitTables tables) {
    this.database = database;
    this.tables = tables;
  }

  /** The number that the session's permits are taken under. */
  int holder() {
    return holder;
  }

  /** Does something on the session; one on which that fails is ended. */
  <T> T with(Database.Work<T> work) throws SQLException {
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
      next.setNetworkTimeout(Runnable::run, Math.toIntExact(LONGEST_ANSWER.toMillis()));
      try (Statement statement = next.createStatement()) {
        // Idle it may be for hours, but not with the account's row locked: a run that was stopped
        // right there would stop all others. That the machine is gone shows within a minute.
        statement.execute(
            """
            SET idle_session_timeout = 0; SET idle_in_transaction_session_timeout = '10s';
            SET lock_timeout = '20s'; SET tcp_keepalives_idle = 20;
            SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3\
            """);
      }
      int number = tables.newHolder(next);
      if (holder != 0) {
        earlier.add(holder);
      }
      holder = number;
      tables.enter(next);
      if (!earlier.isEmpty()) {
        PermitTables.takeOver(next, holder, earlier);
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
   * Does something in a transaction that begins by locking the account's row.
   *
   * <p>A session that broke while it committed may have its commit done only after the next one has
   * begun. It holds the account's row until then, so whoever has locked that sees what it did.
   */
  <T> T transaction(Connection current, LockedWork<T> work) throws SQLException {
    current.setAutoCommit(false);
    try {
      Instant deferredUntil = tables.lock(current);
      if (!earlier.isEmpty()) {
        PermitTables.takeOver(current, holder, earlier);
      }
      T result = work.on(tables.read(current, deferredUntil));
      current.commit();
      earlier.clear();
      return result;
    } finally {
      end(current);
    }
  }

  /** Something done while the account's row is locked. */
  @FunctionalInterface
  interface LockedWork<T> {
    T on(PermitSchedule schedule) throws SQLException;
  }

  /** Ends what is left of a transaction, when the connection still can. */
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
   * Ends the session, after something that it does last, if it still can.
   *
   * @param last not done when no session is under way
   */
  void close(Database.Work<Boolean> last) {
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
