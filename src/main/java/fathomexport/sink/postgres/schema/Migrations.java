package fathomexport.sink.postgres.schema;

import fathomexport.report.Program;
import fathomexport.report.Report;
import fathomexport.sink.Migrated;
import fathomexport.sink.Refusals;
import fathomexport.sink.SinkException;
import fathomexport.sink.postgres.db.Database;
import fathomexport.sink.postgres.db.DatabaseFailure;
import fathomexport.sink.postgres.db.Queries;
import fathomexport.sink.postgres.views.BiViews;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Migrates a database to the current version with Flyway: the scripts of {@code sql/}, and one
 * repeatable migration per report. Flyway's history is {@code fathom_ops.schema_history}.
 */
public final class Migrations {
  private static final String LOCK = "fathom-export/migrate";
  private static final String INSUFFICIENT_PRIVILEGE = "42501";
  static final String SCHEMA = "fathom_ops";
  static final String HISTORY_TABLE = "schema_history";
  static final String SCRIPTS_FOLDER = "fathomexport/sql";
  static final String SCRIPTS = "classpath:" + SCRIPTS_FOLDER;
  static final String HISTORY = SCHEMA + "." + HISTORY_TABLE;

  private static final Logger LOG = LoggerFactory.getLogger(Migrations.class);
  private static final String LOCK_NOT_AVAILABLE = "55P03";

  /** With a wait and a pause of two seconds each: five minutes. */
  private static final int TRIES = 75;

  private static final String AS_THE_OWNER =
      "run `"
          + Program.command("migrate")
          + "` with the pipeline as the role that owns them (fathom_owner,"
          + " where separate roles migrate and load)";

  private static final int SAID_EVERY = 15;

  /** An index that is built beside readers and loads blocks neither, so it may wait longer. */
  private static final int WAITS_FOR_INDEX = 15;

  private final Database database;
  private final Duration longestWait;

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
    List<ReportTable> tables = reports.stream().map(ReportTable::new).toList();
    Migrated migrated = migrate(tables);
    List<String> notices =
        TimeIndex.complete(
            database,
            tables.stream().flatMap(table -> table.timeIndex().stream()).toList(),
            longestWait.multipliedBy(WAITS_FOR_INDEX));
    return migrated.plus(new Migrated(notices, List.of()));
  }

  private Migrated migrate(List<ReportTable> tables) throws SQLException {
    // Flyway locks its history, but creates it and the schemas before that, where two first runs
    // would collide. Whatever fails, closing the connection frees this lock.
    Connection connection = database.session();
    boolean unlocked = false;
    try {
      lock(connection);
      requireUtf8(connection);
      MissingRights.refuse(connection, database);
      List<ReportMigration> migrations = migrations(connection, tables);
      boolean complete = AppliedMigrations.includeAll(connection, migrations);
      if (!complete) {
        NewerSchema.refuse(database);
      }
      refuse(connection, tables);
      if (!complete) {
        // Each migration is a transaction, so a further try continues where the last one stopped.
        untilFree(flyway(migrations)::migrate);
      }
      List<String> notices = new BiViews(connection).refresh();
      Migrated migrated = new Migrated(notices, new Roles(connection).grant());
      unlock(connection);
      unlocked = true;
      return migrated;
    } catch (FlywayException e) {
      throw translate(e);
    } finally {
      // To open a connection takes the server longer than most statements do.
      if (unlocked) {
        database.giveBack(connection);
      } else {
        database.discard(connection);
      }
    }
  }

  /**
   * Finds out whether a run would be refused for its tables, without changing anything.
   *
   * @param readable whether the role may read what describes the tables
   * @return what a run would say, with the remedy; empty if it could migrate, or need not
   */
  public Optional<String> obstacle(Connection connection, List<Report> reports, boolean readable)
      throws SQLException {
    boolean onlyLoads = LoaderRights.onlyLoads(connection);
    List<ReportTable> tables = reports.stream().map(ReportTable::new).toList();
    if (onlyLoads) {
      List<String> missing = new ArrayList<>();
      for (ReportTable table : tables) {
        if (!table.exists(connection)) {
          missing.add(table.report().name());
        }
      }
      if (!missing.isEmpty()) {
        return Optional.of(
            "the tables of "
                + String.join(", ", missing)
                + " are not there yet, and this role may not create them: "
                + AS_THE_OWNER);
      }
    }
    if (!readable || !AppliedMigrations.isReadable(connection)) {
      return Optional.empty();
    }
    boolean complete = AppliedMigrations.includeAll(connection, migrations(connection, tables));
    try {
      if (!complete) {
        NewerSchema.refuse(database);
      }
      refuse(connection, tables);
    } catch (SinkException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
    return complete || !onlyLoads
        ? Optional.empty()
        : Optional.of(
            "the tables must change for this version of the program or for a changed report, and"
                + " this role may not do that: "
                + AS_THE_OWNER);
  }

  private static List<ReportMigration> migrations(Connection connection, List<ReportTable> tables)
      throws SQLException {
    List<ReportMigration> migrations = new ArrayList<>();
    for (ReportTable table : tables) {
      migrations.add(new ReportMigration(table, checksum(connection, table)));
    }
    return migrations;
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

  /** A change of tables that does nothing or everything, so that it can be tried again. */
  private interface Change {
    void make() throws SQLException;
  }

  /**
   * Makes a change, and tries again as long as another session uses a table that must change. No
   * try waits for long: all that come to read the table would have to wait behind it.
   */
  private void untilFree(Change change) throws SQLException {
    for (int tries = 1; ; tries++) {
      try {
        change.make();
        return;
      } catch (FlywayException | SQLException e) {
        SQLException cause = DatabaseFailure.in(e).orElse(null);
        if (cause == null || !LOCK_NOT_AVAILABLE.equals(cause.getSQLState()) || tries >= TRIES) {
          throw e;
        }
        if (tries == 1 || tries % SAID_EVERY == 0) {
          LOG.warn(
              "PostgreSQL at {}: a table that must change is in use; trying again until it is free."
                  + " Held by {}",
              database.place(),
              holders());
        }
        if (!rested()) {
          throw e;
        }
      }
    }
  }

  /** Returns whether the pause was not interrupted. */
  private boolean rested() {
    try {
      Thread.sleep(longestWait.toMillis());
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Returns the sessions that use tables of the program, for messages. */
  private String holders() {
    try (Connection connection = database.connect()) {
      return Queries.first(
              connection,
              """
              SELECT string_agg(held, ', ') AS holders
                FROM (SELECT n.nspname || '.' || c.relname || ': session ' || a.pid || ' (role '
                               || coalesce(a.usename, 'unknown') || ', application '
                               || coalesce(nullif(a.application_name, ''), 'unnamed')
                               || coalesce(', ' || a.state, '') || ')' AS held
                        FROM pg_catalog.pg_locks l
                        JOIN pg_catalog.pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'v')
                        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                        JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
                       WHERE l.granted AND n.nspname IN ('fathom', 'fathom_ops')
                         AND a.datname = pg_catalog.current_database()
                         AND a.application_name <> 'fathom-export'
                       ORDER BY a.xact_start
                       LIMIT 5) h\
              """,
              p -> {},
              r -> String.valueOf(r.textOrNull("holders")))
          .filter(holders -> !holders.equals("null"))
          .orElse("a session that cannot be named");
    } catch (SQLException e) {
      return "a session that cannot be named (" + e.getMessage() + ")";
    }
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
      untilFree(() -> rename(connection, renamed));
    } catch (SQLException e) {
      if (INSUFFICIENT_PRIVILEGE.equals(e.getSQLState())) {
        throw notTheOwner(e);
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
      if (!Database.lost(e)) {
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
    if (INSUFFICIENT_PRIVILEGE.equals(refused.getSQLState())) {
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

  private static void refuse(Connection connection, List<ReportTable> tables) throws SQLException {
    List<String> refusals = new ArrayList<>(ReservedNames.refusals(connection));
    for (ReportTable table : tables) {
      table.refusal(connection).ifPresent(refusals::add);
    }
    if (!refusals.isEmpty()) {
      throw new SinkException(SinkException.Kind.DEFINITION, Refusals.onOneLine(refusals), null);
    }
  }

  /**
   * Returns the table's checksum, or a different one if the table was created once and it or a
   * column of it no longer exists, so that Flyway creates it again.
   */
  private static int checksum(Connection connection, ReportTable table) throws SQLException {
    if (table.isWhole(connection) || !ReportTable.isTable(connection, HISTORY)) {
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
        || state.equals(LOCK_NOT_AVAILABLE)
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
    if (cause != null && INSUFFICIENT_PRIVILEGE.equals(cause.getSQLState())) {
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
  private SinkException notTheOwner(SQLException refused) {
    return new SinkException(
        SinkException.Kind.DEFINITION,
        database.describe(refused)
            + ". The tables must change, and this role may not: "
            + AS_THE_OWNER,
        refused);
  }

  /** Returns what failed; the lines below tell it again, and advise options of Flyway's program. */
  private static String firstLine(Exception e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }
}
