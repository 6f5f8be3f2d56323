package fathomexport.sink.postgres.schema;

import fathomexport.report.Program;
import fathomexport.report.Report;
import fathomexport.sink.SinkException;
import fathomexport.sink.postgres.db.Database;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;

/** Looks whether a run's migration would be refused. */
public final class MigrationObstacle {
  private MigrationObstacle() {}

  /**
   * Finds out whether a run would be refused for its tables, without changing anything.
   *
   * @param readable whether the role may read what describes the tables
   * @return what a run would say, with the remedy; empty if it could migrate, or need not
   */
  public static Optional<String> of(
      Database database, Connection connection, List<Report> reports, boolean readable)
      throws SQLException {
    boolean onlyLoads = LoaderRights.onlyLoads(connection);
    ReportTables tables = ReportTables.of(reports);
    if (onlyLoads) {
      List<String> missing = tables.missing(connection);
      if (!missing.isEmpty()) {
        return Optional.of(
            "the tables of "
                + String.join(", ", missing)
                + " are not there yet, and this role may not create them: "
                + Program.theOwnerMigrates());
      }
    }
    if (!readable || !AppliedMigrations.isReadable(connection)) {
      return Optional.empty();
    }
    boolean complete = AppliedMigrations.includeAll(connection, tables.migrations(connection));
    try {
      if (!complete) {
        NewerSchema.refuse(database);
      }
      tables.refuse(connection);
    } catch (SinkException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
    return complete || !onlyLoads
        ? Optional.empty()
        : Optional.of(
            "the tables must change for this version of the program or for a changed report, and"
                + " this role may not do that: "
                + Program.theOwnerMigrates());
  }
}
