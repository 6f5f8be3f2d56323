package fathomexport.dashboard;

import fathomexport.config.Settings;
import fathomexport.report.Report;
import fathomexport.sink.postgres.db.Database;
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
        throw new NoPageException(database.describe(e), e);
      }
    }
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
      throw new NoPageException("cannot read the files in " + root + ": " + e.getMessage(), e);
    }
  }
}
