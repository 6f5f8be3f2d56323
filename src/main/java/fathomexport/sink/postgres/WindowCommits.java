package fathomexport.sink.postgres;

import fathomexport.report.Program;
import fathomexport.report.TableSchema;
import fathomexport.report.Window;
import fathomexport.report.rows.RowReader;
import fathomexport.report.rows.RowSource;
import fathomexport.sink.CommitResult;
import fathomexport.sink.Fence;
import fathomexport.sink.SinkException;
import fathomexport.sink.WindowConfirmation;
import fathomexport.sink.WindowLoad;
import fathomexport.sink.postgres.commit.WindowTransaction;
import fathomexport.sink.postgres.db.Database;
import fathomexport.sink.postgres.db.DatabaseFailure;
import fathomexport.sink.postgres.db.DatabaseOutage;
import fathomexport.sink.postgres.db.Queries;
import fathomexport.sink.postgres.schema.ReportTable;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Commits windows, each in one transaction. Retries while the database is briefly unavailable,
 * because the fetched rows were paid for, and never guesses what became of a commit.
 */
final class WindowCommits {
  private static final Logger LOG = LoggerFactory.getLogger(WindowCommits.class);

  /**
   * As many as a {@code Database} keeps connections. A run with many accounts has two lanes for
   * each, and the server a limited number of connections for everybody.
   */
  private static final int COMMITS_AT_ONCE = 4;

  private static final String UNIQUE_VIOLATION = "23505";

  private final Database database;
  private final LostCommit lost;
  private final Semaphore atOnce = new Semaphore(COMMITS_AT_ONCE, true);

  /**
   * @param settleWithin how long to look for the outcome of a commit whose reply was lost
   */
  WindowCommits(Database database, Duration settleWithin) {
    this.database = database;
    this.lost = new LostCommit(database, settleWithin);
  }

  /** The work of a window's transaction, without its commit. */
  interface WindowWork {
    CommitResult run(Connection connection) throws SQLException, IOException;

    /** Returns whether the ledger contains what the transaction has written. */
    boolean isDone(Connection connection) throws SQLException;

    /** Returns whether the rows themselves violate the grain, rather than an added unique index. */
    default boolean repeatsKey() {
      return false;
    }
  }

  /** Commits a window under a fence, if there is one. */
  CommitResult commit(WindowLoad load, @Nullable Fence fence) {
    return commit(
        load.window(),
        new WindowWork() {
          @Override
          public CommitResult run(Connection connection) throws SQLException, IOException {
            return new WindowTransaction(connection, fence).commit(load);
          }

          @Override
          public boolean isDone(Connection connection) throws SQLException {
            return new WindowTransaction(connection, fence).isCommitted(load);
          }

          @Override
          public boolean repeatsKey() {
            return WindowCommits.repeatsKey(load);
          }
        });
  }

  /** Records that the stored periods of a window were confirmed. */
  void confirm(WindowConfirmation confirmation, @Nullable Fence fence) {
    commit(
        confirmation.window(),
        new WindowWork() {
          @Override
          public CommitResult run(Connection connection) throws SQLException {
            new WindowTransaction(connection, fence).confirm(confirmation);
            return new CommitResult(0, List.of(), List.of());
          }

          @Override
          public boolean isDone(Connection connection) throws SQLException {
            return new WindowTransaction(connection, fence).isConfirmed(confirmation);
          }
        });
  }

  private CommitResult commit(Window window, WindowWork work) {
    atOnce.acquireUninterruptibly();
    try {
      return commitNow(window, work);
    } finally {
      atOnce.release();
    }
  }

  private CommitResult commitNow(Window window, WindowWork work) {
    DatabaseOutage outage = database.outage();
    Connection connection;
    try {
      connection = database.borrow(outage);
    } catch (SQLException e) {
      throw database.unavailable(e);
    }
    while (true) {
      try {
        return commit(window, work, connection);
      } catch (Repeatable failure) {
        LOG.warn("committing window {} again: {}", window, failure.getMessage());
        try {
          connection = outage.reconnect(failure.getCause());
        } catch (SQLException e) {
          throw database.unavailable(e);
        }
      }
    }
  }

  /** Nothing was stored, and a retry on a new connection may succeed. */
  private static final class Repeatable extends Exception {
    private static final long serialVersionUID = 1L;
    private final SQLException cause;

    Repeatable(SQLException cause) {
      super(cause.getMessage(), cause);
      this.cause = cause;
    }

    @Override
    public synchronized SQLException getCause() {
      return cause;
    }
  }

  private CommitResult commit(Window window, WindowWork work, Connection connection)
      throws Repeatable {
    CommitResult result;
    String transaction;
    boolean clean = false;
    try {
      connection.setAutoCommit(false);
      result = work.run(connection);
      transaction = transactionId(connection);
      clean = true;
    } catch (SQLException e) {
      if (DatabaseFailure.worthRepeating(e)) {
        throw new Repeatable(e);
      }
      throw translate(window, work, e);
    } catch (IOException e) {
      throw new SinkException(
          SinkException.Kind.UNAVAILABLE,
          "the rows of window " + window + " cannot be read back: " + e.getMessage(),
          e);
    } finally {
      if (!clean) {
        database.discard(connection);
      }
    }
    try {
      connection.commit();
    } catch (SQLException e) {
      database.discard(connection);
      if (!DatabaseFailure.lost(e)) {
        throw translate(window, work, e);
      }
      return switch (lost.of(window, work, transaction)) {
        case COMMITTED -> result;
        case ABORTED -> throw new Repeatable(e);
        case UNKNOWN ->
            throw new SinkException(
                SinkException.Kind.UNKNOWN,
                "PostgreSQL at "
                    + database.place()
                    + " did not confirm the commit of window "
                    + window
                    + ", and its outcome could not be determined; the next run will check",
                e);
      };
    }
    database.giveBack(connection);
    return result;
  }

  private static String transactionId(Connection connection) throws SQLException {
    return Queries.first(
            connection, "SELECT pg_current_xact_id()::text AS id", p -> {}, r -> r.text("id"))
        .orElseThrow();
  }

  private SinkException translate(Window window, WindowWork work, SQLException e) {
    String table = ReportTable.SCHEMA + "." + window.report();
    String state = String.valueOf(e.getSQLState());
    if (UNIQUE_VIOLATION.equals(state) && work.repeatsKey()) {
      return new SinkException(
          SinkException.Kind.INTEGRITY,
          "window "
              + window
              + " contains two rows with the same key; nothing was stored: "
              + e.getMessage(),
          e);
    }
    if (DatabaseFailure.refuses(e)) {
      return new SinkException(
          SinkException.Kind.REFUSED,
          "PostgreSQL at "
              + database.place()
              + ": table "
              + table
              + " rejects the rows of report "
              + window.report()
              + "; nothing was stored: "
              + DatabaseFailure.refusal(e, table),
          e);
    }
    return unusable(database, window.report(), e);
  }

  /** Explains a statement on a report's table that failed: the table may not be there yet. */
  static SinkException unusable(Database database, String report, SQLException e) {
    return DatabaseFailure.isNotMigrated(e)
        ? new SinkException(
            SinkException.Kind.DEFINITION,
            "PostgreSQL at "
                + database.place()
                + " is not ready for report "
                + report
                + ": "
                + Program.theOwnerMigrates()
                + " ("
                + e.getMessage()
                + ")",
            e)
        : database.unavailable(e);
  }

  private static boolean repeatsKey(WindowLoad load) {
    TableSchema schema = load.report().schema();
    RowReader row = new RowReader(schema);
    int keys = schema.keyColumns().size();
    byte[] previous = new byte[0];
    int previousLength = -1;
    try (RowSource rows = load.rows().read()) {
      while (rows.next()) {
        row.read(rows.buffer(), rows.length());
        int length = row.prefixLength(keys);
        if (length == previousLength
            && Arrays.equals(previous, 0, length, row.bytes(), 0, length)) {
          return true;
        }
        previous = Arrays.copyOf(row.bytes(), length);
        previousLength = length;
      }
      return false;
    } catch (IOException e) {
      throw new SinkException(
          SinkException.Kind.UNAVAILABLE,
          "the rows of window " + load.window() + " cannot be read back: " + e.getMessage(),
          e);
    }
  }
}
