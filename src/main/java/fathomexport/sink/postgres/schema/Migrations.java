package fathomexport.sink.postgres.schema;

import fathomexport.report.Report;
import fathomexport.sink.Migrated;
import fathomexport.sink.SinkException;
import fathomexport.sink.postgres.db.Database;
import fathomexport.sink.postgres.db.DatabaseFailure;
import fathomexport.sink.postgres.views.BiViews;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
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
  static final String SCRIPTS_FOLDER = "fathomexport/sql";
  static final String SCRIPTS = "classpath:" + SCRIPTS_FOLDER;
  static final String HISTORY = SCHEMA + "." + HISTORY_TABLE;

  /** An index that is built beside readers and loads blocks neither, so it may wait longer. */
  private static final int WAITS_FOR_INDEX = 15;

  private final Database database;
  private final Duration longestWait;
  private final BusyTables tables;
  private final MigrationFailures failures;

  public Migrations(Database database) {
    this(database, Duration.ofSeconds(2));
  }

  /**
   * @param longestWait how long a statement waits for a table, and how long others may use it then
   *     before the next try
   */
  Migrations(Database database, Duration longestWait) {
    this.database = database;
    this.longestWait = longestWait;
    this.tables = new BusyTables(database, longestWait);
    this.failures = new MigrationFailures(database);
  }

  /**
   * Migrates the program's own tables and those of these reports, and generates the views for BI
   * tools.
   *
   * @return what could not be done although the tables are ready
   * @throws SinkException {@code DEFINITION} with every report whose table cannot be created or
   *     extended, if the role may not create or own the schemas, or if a newer version of the
   *     program has migrated the database; then nothing was changed
   */
  public Migrated run(List<Report> reports) throws SQLException {
    ReportTables ofReports = ReportTables.of(reports);
    Migrated migrated = migrate(ofReports);
    List<String> notices =
        TimeIndex.complete(
            database, ofReports.timeIndexes(), longestWait.multipliedBy(WAITS_FOR_INDEX));
    return migrated.plus(new Migrated(notices, List.of()));
  }

  private Migrated migrate(ReportTables ofReports) throws SQLException {
    // Flyway locks its history, but creates it and the schemas before that, where two first runs
    // would collide. Whatever fails, closing the connection frees this lock.
    Connection connection = database.session();
    boolean unlocked = false;
    try {
      lock(connection);
      requireUtf8(connection);
      MissingRights.refuse(connection, database);
      List<ReportMigration> migrations = ofReports.migrations(connection);
      boolean complete = AppliedMigrations.includeAll(connection, migrations);
      if (!complete) {
        NewerSchema.refuse(database);
      }
      ofReports.refuse(connection);
      if (!complete) {
        // Each migration is a transaction, so a further try continues where the last one stopped.
        tables.untilFree(flyway(migrations)::migrate);
      }
      List<String> notices = new BiViews(connection).refresh();
      Migrated migrated = new Migrated(notices, new Roles(connection).grant());
      unlock(connection);
      unlocked = true;
      return migrated;
    } catch (FlywayException e) {
      throw failures.translated(e);
    } finally {
      // To open a connection takes the server longer than most statements do.
      if (unlocked) {
        database.giveBack(connection);
      } else {
        database.discard(connection);
      }
    }
  }

  private Flyway flyway(List<ReportMigration> migrations) {
    return Flyway.configure(Migrations.class.getClassLoader())
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
        // A statement that waits for a table makes all later readers wait, too.
        .initSql("SET lock_timeout = '" + longestWait.toMillis() + "ms'")
        .load();
  }

  /**
   * Renames the tables of reports, with everything that is known of them.
   *
   * @param renamed earlier names of reports, keyed by their present names
   * @throws SinkException {@code DEFINITION} if there are tables of both names, or if the role does
   *     not own them; then nothing was changed
   */
  public void rename(Map<String, String> renamed) throws SQLException {
    try (Connection connection = database.session()) {
      lock(connection);
      connection.setAutoCommit(false);
      tables.untilFree(() -> rename(connection, renamed));
    } catch (SQLException e) {
      if (DatabaseFailure.isDenied(e)) {
        throw failures.notTheOwner(e);
      }
      throw e;
    }
  }

  private void rename(Connection connection, Map<String, String> renamed) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET LOCAL lock_timeout = '" + longestWait.toMillis() + "ms'");
      for (Map.Entry<String, String> names : renamed.entrySet()) {
        StoredReports.rename(connection, names.getValue(), names.getKey());
      }
      connection.commit();
    } catch (SQLException e) {
      if (!DatabaseFailure.lost(e)) {
        connection.rollback();
      }
      throw e;
    }
  }

  /**
   * Explains a statement that the server refused for lack of rights.
   *
   * @return the statements for an administrator, if they are known; otherwise the server's words
   */
  public SinkException explained(SQLException refused) {
    if (DatabaseFailure.isDenied(refused)) {
      try (Connection connection = database.connect()) {
        MissingRights.refuse(connection, database);
      } catch (SinkException e) {
        return e;
      } catch (SQLException e) {
        refused.addSuppressed(e);
      }
    }
    return database.unavailable(refused);
  }

  private static void lock(Connection connection) throws SQLException {
    try (PreparedStatement lock =
        connection.prepareStatement("SELECT pg_advisory_lock(hashtextextended(?, 0))")) {
      lock.setString(1, LOCK);
      lock.execute();
    }
  }

  private static void unlock(Connection connection) throws SQLException {
    try (PreparedStatement unlock =
        connection.prepareStatement("SELECT pg_advisory_unlock(hashtextextended(?, 0))")) {
      unlock.setString(1, LOCK);
      unlock.execute();
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
}
