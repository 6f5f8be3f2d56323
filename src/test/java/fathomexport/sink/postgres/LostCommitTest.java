package fathomexport.sink.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.SecretRef;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.report.Window;
import fathomexport.sink.CommitResult;
import fathomexport.sink.postgres.LostCommit.Fate;
import fathomexport.sink.postgres.commit.WindowTransaction;
import fathomexport.sink.postgres.db.Database;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.testing.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.LocalDate;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the server says of a transaction's id counts only together with the ledger. */
class LostCommitTest {
  private static final Window WINDOW =
      new Window(
          "traffic_daily",
          new Slice(new SiteId("CDBUGS"), null),
          DateGrouping.DAY,
          DayRange.of(LocalDate.of(2026, 6, 1)));

  private final TestDatabase server = TestDatabase.migrated();
  private final Database database =
      new Database(
          new PostgresSettings(
              server.url(), server.user(), new SecretRef.Env(TestDatabase.PASSWORD_VARIABLE)),
          server.environment());
  private final LostCommit lost = new LostCommit(database, Duration.ofMillis(50));

  @AfterEach
  void close() {
    database.close();
    server.close();
  }

  /** A window's work, with or without its entry in the ledger. */
  private record InLedger(boolean isThere) implements WindowCommits.WindowWork {
    @Override
    public CommitResult run(Connection connection) {
      return new CommitResult(0, List.of(), List.of());
    }

    @Override
    public boolean isDone(Connection connection) {
      return isThere;
    }
  }

  /** Begins a transaction, and returns its id. */
  private static String begin(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT pg_current_xact_id()::text")) {
      assertThat(row.next()).isTrue();
      return row.getString(1);
    }
  }

  /** A committed transaction without an entry is that of a server that a standby has replaced. */
  @ParameterizedTest
  @CsvSource({
    "true, true, COMMITTED",
    "true, false, ABORTED",
    "false, false, ABORTED",
    "false, true, COMMITTED"
  })
  void theLedgerDecides(boolean commits, boolean entry, Fate outcome) throws SQLException {
    String transaction;
    try (Connection connection = server.connect()) {
      transaction = begin(connection);
      if (commits) {
        connection.commit();
      } else {
        connection.rollback();
      }
    }
    assertThat(lost.of(WINDOW, new InLedger(entry), transaction)).isEqualTo(outcome);
  }

  /** The server that answers now has lagged behind the one that gave the id. */
  @Test
  void anIdThatIsNotGivenYetIsOfAnAbortedTransaction() {
    String transaction = Long.toString((1L << 40) + 1_000);
    assertThat(lost.of(WINDOW, new InLedger(false), transaction)).isEqualTo(Fate.ABORTED);
  }

  @Test
  void aTransactionInProgressIsUnknown() throws SQLException {
    try (Connection connection = server.connect()) {
      String transaction = begin(connection);
      assertThat(lost.of(WINDOW, new InLedger(false), transaction)).isEqualTo(Fate.UNKNOWN);
      WindowTransaction.lock(connection, WINDOW);
      assertThat(lost.of(WINDOW, new InLedger(true), transaction))
          .as("its lock is waited for, before the ledger is read")
          .isEqualTo(Fate.UNKNOWN);
      connection.rollback();
    }
  }
}
