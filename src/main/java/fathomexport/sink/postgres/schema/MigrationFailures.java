package fathomexport.sink.postgres.schema;

import fathomexport.report.Program;
import fathomexport.sink.SinkException;
import fathomexport.sink.postgres.db.Database;
import fathomexport.sink.postgres.db.DatabaseFailure;
import java.sql.SQLException;
import org.flywaydb.core.api.FlywayException;

/** Says why a migration failed, and what to do. */
final class MigrationFailures {
  private final Database database;

  MigrationFailures(Database database) {
    this.database = database;
  }

  /** Returns whether the server or the connection to it fails, rather than the migration itself. */
  private static boolean isOfTheServer(SQLException e) {
    String state = String.valueOf(e.getSQLState());
    return DatabaseFailure.isPermanent(e)
        || state.startsWith("53")
        || state.startsWith("58")
        || DatabaseFailure.isLockNotAvailable(e)
        || state.equals("25006");
  }

  /**
   * Translates a migration that failed.
   *
   * @return the exception to throw, if the migration itself is at fault
   * @throws SQLException the cause, if the server or the connection to it fails
   */
  RuntimeException translated(FlywayException e) throws SQLException {
    for (Throwable t = e; t != null; t = t.getCause()) {
      if (t instanceof SinkException refused) {
        return refused;
      }
    }
    SQLException cause = DatabaseFailure.in(e).orElse(null);
    if (cause != null && (DatabaseFailure.lost(cause) || isOfTheServer(cause))) {
      throw cause;
    }
    if (cause != null && DatabaseFailure.isDenied(cause)) {
      return notTheOwner(cause);
    }
    return new SinkException(
        SinkException.Kind.DEFINITION,
        "PostgreSQL at "
            + database.place()
            + " cannot be migrated: "
            + firstLine(e)
            + (cause == null ? "" : ": " + firstLine(cause)),
        e);
  }

  /** Explains that a table must change, and belongs to another role. */
  SinkException notTheOwner(SQLException refused) {
    return new SinkException(
        SinkException.Kind.DEFINITION,
        database.describe(refused)
            + ". The tables must change, and this role may not: "
            + Program.theOwnerMigrates(),
        refused);
  }

  /** Returns what failed; the lines below tell it again, and advise options of Flyway's program. */
  private static String firstLine(Exception e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }
}
