package fathomexport.sink.postgres.schema;

import fathomexport.report.Report;
import fathomexport.sink.SinkException;
import fathomexport.sink.postgres.db.Database;
import fathomexport.sink.postgres.db.DatabaseFailure;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;

/**
 * Migrates a database to the current version with Flyway: the scripts of {@code sql/}, and one
 * repeatable migration per report. Flyway's history is {@code fathom_ops.schema_history}.
 */
public final class Migrations {
  private static final String LOCK = "fathom-export/migrate";
  static final String SCHEMA = "fathom_ops";
  static final String HISTORY_TABLE = "schema_history";
  static final String SCRIPTS = "classpath:fathomexport/sql";
  private static final String HISTORY = SCHEMA + "." + HISTORY_TABLE;

  private final Database database;

  public Migrations(Database database) {
    this.database = database;
  }

  /**
   * Migrates the program's own tables and those of these reports.
   *
   * @throws SinkException {@code DEFINITION} with every report whose table cannot be created or
   *     extended, if the role may not create or own the schemas, or if a newer version of the
   *     program has migrated the database; then nothing was changed
   */
  public void run(List<Report> reports) throws SQLException {
    List<ReportTable> tables = reports.stream().map(ReportTable::new).toList();
    // Flyway locks its history, but creates it and the schemas before that, where two first runs
    // would collide. Closing the connection frees this lock.
    try (Connection connection = database.connect()) {
      lock(connection);
      requireUtf8(connection);
      MissingRights.refuse(connection, database);
      NewerSchema.refuse(database);
      refuse(connection, tables);
      List<ReportMigration> migrations = new ArrayList<>();
      for (ReportTable table : tables) {
        migrations.add(new ReportMigration(table, checksum(connection, table)));
      }
      Flyway.configure(Migrations.class.getClassLoader())
          .loggers("slf4j")
          .dataSource(database.source())
          .defaultSchema(SCHEMA)
          .schemas(SCHEMA, "fathom")
          .createSchemas(true)
          .table(HISTORY_TABLE)
          .locations(SCRIPTS)
          .javaMigrations(migrations.toArray(new ReportMigration[0]))
          // Tables of reports that are no longer defined remain as they are.
          .ignoreMigrationPatterns("*:missing")
          .load()
          .migrate();
    } catch (FlywayException e) {
      throw translate(e);
    }
  }

  private static void lock(Connection connection) throws SQLException {
    try (PreparedStatement lock =
        connection.prepareStatement("SELECT pg_advisory_lock(hashtextextended(?, 0))")) {
      lock.setString(1, LOCK);
      lock.execute();
    }
  }

  private void requireUtf8(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SHOW server_encoding")) {
      if (row.next() && !row.getString(1).equals("UTF8")) {
        throw new SinkException(
            SinkException.Kind.DEFINITION,
            "the database at "
                + database.place()
                + " is encoded in "
                + row.getString(1)
                + ", which cannot hold every path: CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE"
                + " template0",
            null);
      }
    }
  }

  private static void refuse(Connection connection, List<ReportTable> tables) throws SQLException {
    List<String> refusals = new ArrayList<>();
    for (ReportTable table : tables) {
      table.refusal(connection).ifPresent(refusals::add);
    }
    if (!refusals.isEmpty()) {
      throw new SinkException(
          SinkException.Kind.DEFINITION, String.join(System.lineSeparator(), refusals), null);
    }
  }

  /**
   * Returns the table's checksum, or a different one if the table was created once and no longer
   * exists, so that Flyway creates it again.
   */
  private static int checksum(Connection connection, ReportTable table) throws SQLException {
    if (table.exists(connection) || !ReportTable.isTable(connection, HISTORY)) {
      return table.checksum();
    }
    try (PreparedStatement query =
        connection.prepareStatement(
            "SELECT checksum FROM "
                + HISTORY
                + " WHERE description = ? ORDER BY installed_rank DESC LIMIT 1")) {
      query.setString(1, ReportMigration.description(table.report().name()));
      try (ResultSet row = query.executeQuery()) {
        return row.next() && row.getInt(1) == table.checksum()
            ? ~table.checksum()
            : table.checksum();
      }
    }
  }

  /** Returns whether the server or the connection to it fails, rather than the migration itself. */
  private static boolean isOfTheServer(SQLException e) {
    String state = String.valueOf(e.getSQLState());
    return DatabaseFailure.isPermanent(e)
        || state.startsWith("53")
        || state.startsWith("58")
        || state.equals("25006");
  }

  private RuntimeException translate(FlywayException e) throws SQLException {
    for (Throwable t = e; t != null; t = t.getCause()) {
      if (t instanceof SinkException refused) {
        return refused;
      }
    }
    SQLException cause = DatabaseFailure.in(e).orElse(null);
    if (cause != null && (Database.lost(cause) || isOfTheServer(cause))) {
      throw cause;
    }
    return new SinkException(
        SinkException.Kind.DEFINITION,
        "PostgreSQL at " + database.place() + " cannot be migrated: " + e.getMessage(),
        e);
  }
}
