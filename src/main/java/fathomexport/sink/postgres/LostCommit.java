package fathomexport.sink.postgres;

import fathomexport.report.Window;
import fathomexport.sink.postgres.commit.WindowTransaction;
import fathomexport.sink.postgres.db.Database;
import fathomexport.sink.postgres.db.Queries;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds out what became of a commit whose response was lost. Never guesses. */
final class LostCommit {
  private static final Logger LOG = LoggerFactory.getLogger(LostCommit.class);
  private static final Duration SETTLE_PAUSE = Duration.ofMillis(500);

  /** The server's SQLSTATE for the id of a transaction that it has not assigned yet. */
  private static final String IN_THE_FUTURE = "22023";

  private static final String NOT_GIVEN = "not given yet";

  private final Database database;
  private final Duration settleWithin;

  LostCommit(Database database, Duration settleWithin) {
    this.database = database;
    this.settleWithin = settleWithin;
  }

  /** What became of a commit. */
  enum Fate {
    COMMITTED,
    ABORTED,
    UNKNOWN
  }

  /**
   * Determines the outcome of a commit whose response was lost.
   *
   * @param transaction the id of its transaction
   * @return unknown if it is still in progress, or if the database cannot be asked
   */
  Fate of(Window window, WindowCommits.WindowWork work, String transaction) {
    LOG.warn(
        "the server did not confirm the commit of window {}; checking transaction {}",
        window,
        transaction);
    long deadline = System.nanoTime() + settleWithin.toNanos();
    while (true) {
      try (Connection connection = database.connect()) {
        return of(connection, window, work, transaction);
      } catch (SQLException e) {
        LOG.warn("the outcome of transaction {} is not known yet: {}", transaction, e.getMessage());
      }
      if (System.nanoTime() - deadline > 0) {
        return Fate.UNKNOWN;
      }
      try {
        Thread.sleep(SETTLE_PAUSE.toMillis());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return Fate.UNKNOWN;
      }
    }
  }

  /**
   * Determines the outcome of a transaction. The ledger, which is written together with the rows,
   * decides. The server's status of the transaction id is trusted only if the ledger agrees: after
   * a failover to a lagging standby, the id may belong to another transaction, or may not be
   * assigned yet.
   */
  private Fate of(
      Connection connection, Window window, WindowCommits.WindowWork work, String transaction)
      throws SQLException {
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET LOCAL lock_timeout = " + settleWithin.toMillis());
    }
    // The transaction holds the window's lock as long as it is in progress.
    WindowTransaction.lock(connection, window);
    if (work.isDone(connection)) {
      return Fate.COMMITTED;
    }
    return switch (status(connection, transaction)) {
      case "aborted", NOT_GIVEN -> Fate.ABORTED;
      case "committed" -> {
        LOG.warn(
            "the server reports transaction {} as committed, but the ledger has no entry of window"
                + " {}: the transaction was lost, as may happen in a failover",
            transaction,
            window);
        yield Fate.ABORTED;
      }
      default -> Fate.UNKNOWN;
    };
  }

  private static String status(Connection connection, String transaction) throws SQLException {
    try {
      return Queries.first(
              connection,
              "SELECT coalesce(pg_xact_status(?::xid8), '') AS status",
              p -> p.text(transaction),
              r -> r.text("status"))
          .orElse("");
    } catch (SQLException e) {
      if (IN_THE_FUTURE.equals(e.getSQLState())) {
        return NOT_GIVEN;
      }
      throw e;
    }
  }
}
