package fathomexport.cluster;

import fathomexport.report.SecretRef;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.testing.TestDatabase;

/** The board of a run that has begun. */
final class TestBoard {
  private TestBoard() {}

  static RunBoard begun(TestDatabase database) {
    return begun(database, "run-1");
  }

  static RunBoard begun(TestDatabase database, String runId) {
    RunBoard board =
        new RunBoard(
            new PostgresSettings(
                database.url(), database.user(), new SecretRef.Env(TestDatabase.PASSWORD_VARIABLE)),
            database.environment(),
            runId);
    board.begin("nightly");
    return board;
  }
}
