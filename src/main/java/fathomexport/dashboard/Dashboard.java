package fathomexport.dashboard;

import fathomexport.config.Settings;
import fathomexport.report.Report;
import fathomexport.report.SecretUnavailableException;
import fathomexport.run.FailureKind;
import fathomexport.run.FailurePolicy;
import fathomexport.sink.postgres.db.Database;
import fathomexport.sink.postgres.db.DatabaseFailure;
import fathomexport.sink.postgres.db.PostgresSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** Makes the page from what is stored; asks the API nothing. */
public final class Dashboard {
  private Dashboard() {}

  /**
   * Returns the page, made from the views of schema {@code fathom_bi}.
   *
   * @param at decides which days are over
   */
  public static String ofDatabase(
      Settings.Postgres settings, Map<String, String> environment, List<Report> reports, Instant at)
      throws NoPageException {
    try (Database database =
        new Database(
            new PostgresSettings(settings.url(), settings.user(), settings.password()),
            environment)) {
      try {
        Connection connection = database.connect();
        try {
          return DashboardPage.of(BiFacts.read(connection, reports, at, database.place()));
        } finally {
          database.discard(connection);
        }
      } catch (SQLException e) {
        if (DatabaseFailure.isDenied(e) || DatabaseFailure.isNotMigrated(e)) {
          throw NoPageException.unreadable(database.describe(e));
        }
        throw failed(database.unavailable(e));
      }
    } catch (SecretUnavailableException e) {
      throw failed(e);
    }
  }

  private static NoPageException failed(RuntimeException failure) {
    FailurePolicy.Verdict verdict = FailurePolicy.of(failure, false);
    return new NoPageException(verdict.kind(), verdict.message(), failure);
  }

  /**
   * Returns the page, made from Parquet files.
   *
   * @param root the directory of the files
   * @param at decides which days are over
   */
  public static String ofFiles(Path root, List<Report> reports, Instant at) throws NoPageException {
    try {
      return DashboardPage.of(FileFacts.read(root, reports, at));
    } catch (IOException e) {
      throw new NoPageException(
          FailureKind.STORAGE, "cannot read the files in " + root + ": " + e.getMessage(), e);
    }
  }
}
