package fathomexport.sink.postgres.ledger;

import fathomexport.ledger.PipelineLocks;
import fathomexport.sink.postgres.db.Database;
import fathomexport.sink.postgres.db.DatabaseFailure;
import fathomexport.sink.postgres.db.Queries;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The locks on pipelines. Each lock is an advisory lock of a separate session, so that it ends with
 * the process, and a row of table {@code pipeline_lock} with the number of times that it was taken.
 */
final class SessionLocks implements PipelineLocks, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SessionLocks.class);
  private static final String LOST = "08006";
  private static final int ANSWER_SECONDS = 10;
  private static final int TRIES = 20;
  private static final Duration BETWEEN_TRIES = Duration.ofMillis(250);

  private final Database database;
  private final LedgerQueries queries;
  private final Set<SessionLock> locks = ConcurrentHashMap.newKeySet();

  SessionLocks(Database database, LedgerQueries queries) {
    this.database = database;
    this.queries = queries;
  }

  @Override
  public Optional<RunLock> tryLock(String pipeline) {
    try {
      Connection connection = database.session();
      boolean kept = false;
      try {
        if (!locked(connection, pipeline)) {
          return Optional.empty();
        }
        SessionLock lock = new SessionLock(pipeline, connection, nextEpoch(connection, pipeline));
        locks.add(lock);
        kept = true;
        return Optional.of(lock);
      } finally {
        if (!kept) {
          database.discard(connection);
        }
      }
    } catch (SQLException e) {
      if (DatabaseFailure.isLockNotAvailable(e)) {
        // A commit of a run that has lost its lock, and has not noticed it yet, still holds the
        // row.
        return Optional.empty();
      }
      throw queries.translate(e);
    }
  }

  private static long nextEpoch(Connection connection, String pipeline) throws SQLException {
    return Queries.first(
            connection,
            """
            INSERT INTO fathom_ops.pipeline_lock AS l (pipeline, epoch, taken_at)
            VALUES (?, 1, clock_timestamp())
            ON CONFLICT (pipeline) DO UPDATE
               SET epoch = l.epoch + 1, taken_at = excluded.taken_at
            RETURNING epoch\
            """,
            p -> p.text(pipeline),
            r -> r.number("epoch"))
        .orElseThrow();
  }

  private static boolean isEpoch(Connection connection, String pipeline, long epoch)
      throws SQLException {
    return Queries.first(
            connection,
            "SELECT epoch FROM fathom_ops.pipeline_lock WHERE pipeline = ?",
            p -> p.text(pipeline),
            r -> r.number("epoch"))
        .filter(e -> e == epoch)
        .isPresent();
  }

  /**
   * Locks for as long as the session lives: the server frees the lock when the process dies. The
   * session is otherwise idle, and must not be closed for that.
   */
  private static boolean locked(Connection connection, String pipeline) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      // A lost client machine is detected within a minute.
      statement.execute(
          """
          SET idle_session_timeout = 0; SET lock_timeout = '10s'; SET tcp_keepalives_idle = 20;
          SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3\
          """);
    }
    return Queries.first(
            connection,
            "SELECT pg_try_advisory_lock(hashtextextended(?, 0)) AS locked",
            p -> p.text("fathom-export:" + pipeline),
            r -> r.flag("locked"))
        .orElse(false);
  }

  private final class SessionLock implements RunLock {
    private final String pipeline;
    private final long epoch;
    private Connection connection;
    private boolean superseded;
    private boolean closed;

    SessionLock(String pipeline, Connection connection, long epoch) {
      this.pipeline = pipeline;
      this.connection = connection;
      this.epoch = epoch;
    }

    @Override
    public long epoch() {
      return epoch;
    }

    @Override
    public synchronized boolean stillHeld() {
      if (closed || superseded) {
        return false;
      }
      try {
        if (connection.isValid(ANSWER_SECONDS)) {
          return true;
        }
        LOG.warn("the connection that locks pipeline {} was lost; taking the lock again", pipeline);
        database.discard(connection);
        superseded = !takeAgain();
        return !superseded;
      } catch (SQLException e) {
        throw queries.translate(e);
      }
    }

    /**
     * Takes the lock again on a new session. The lock of the lost session may outlive it for a
     * while. Meanwhile the epoch shows whether another run has taken over, and fences the commits.
     */
    private boolean takeAgain() throws SQLException {
      Connection next =
          database.outage().reconnect(new SQLException("the connection is lost", LOST));
      boolean kept = false;
      try {
        for (int tries = 0; !locked(next, pipeline) && tries < TRIES; tries++) {
          pause();
        }
        connection = next;
        kept = isEpoch(next, pipeline, epoch);
        return kept;
      } finally {
        if (!kept) {
          database.discard(next);
        }
      }
    }

    private void pause() {
      try {
        Thread.sleep(BETWEEN_TRIES.toMillis());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    @Override
    public synchronized void close() {
      if (closed) {
        return;
      }
      closed = true;
      locks.remove(this);
      // Unlock explicitly: the server would notice the end of the session a little later.
      try (Statement statement = connection.createStatement()) {
        statement.execute("SELECT pg_advisory_unlock_all()");
      } catch (SQLException e) {
        // The lock ended with its session.
        LOG.debug("the lock on pipeline {} was lost before it was freed", pipeline, e);
      } finally {
        database.discard(connection);
      }
    }
  }

  @Override
  public void close() {
    List.copyOf(locks).forEach(SessionLock::close);
  }
}
