package fathomexport.sink.postgres;

import fathomexport.report.Report;
import fathomexport.sink.SinkException;
import fathomexport.sink.postgres.db.Database;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.sink.postgres.schema.FirstMigration;
import fathomexport.sink.postgres.schema.LoaderRights;
import fathomexport.sink.postgres.schema.MigrationObstacle;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/**
 * What a run needs of its database, found out without changing anything there.
 *
 * @param server where the server is, its version, and the role that loads
 * @param migrated whether there are tables of the program
 * @param grants statements that an administrator must run first; empty if the role may do
 *     everything
 * @param toMigrate who can make the tables, and how; empty if there are tables, or no right is
 *     missing
 * @param grantsForReaders statements without which a run succeeds, but does less for readers
 * @param power what the role may do beyond writing rows
 * @param pooler what stands between this machine and the server, or empty
 * @param poolerRefused whether that loses the session's locks, so that no run may use it
 * @param unusable another reason why a run cannot use the database, or null
 * @param notMigrated why a run would be refused for its tables, and the remedy, or empty
 */
public record DatabaseCheck(
    String server,
    boolean migrated,
    List<String> grants,
    String toMigrate,
    List<String> grantsForReaders,
    Power power,
    Optional<String> pooler,
    boolean poolerRefused,
    @Nullable String unusable,
    Optional<String> notMigrated) {
  /** What a role may do in its database. */
  public enum Power {
    /** It writes rows; another role owns the tables. */
    LOADS,
    /** It owns the tables, or will create them, so it may also change and drop them. */
    OWNS,
    /** It may do everything on the whole server. */
    SUPERUSER
  }

  private static final String CONTROL = "fathom_ops";
  private static final String REPORTS = "fathom";
  private static final String VIEWS = "fathom_bi";

  private static final int POOL_MILLIS = 5_000;

  /**
   * Connects and looks.
   *
   * @throws SinkException if there is no connection; the message says what to do
   */
  public static DatabaseCheck of(
      PostgresSettings settings, Map<String, String> environment, List<Report> reports) {
    try (Database database = new Database(settings, environment)) {
      try (Connection connection = database.connect();
          Connection other = database.connect()) {
        Pooler pooler = Pooler.between(connection, other);
        List<String> grants = grants(connection);
        LoaderRights rights = LoaderRights.lacking(connection, reports);
        grants.addAll(rights.needed());
        boolean migrated = !isEmpty(connection, CONTROL);
        return new DatabaseCheck(
            database.place() + ", " + server(connection),
            migrated,
            List.copyOf(grants),
            migrated || grants.isEmpty() ? "" : FirstMigration.words(connection, grants),
            rights.forReaders(),
            power(connection),
            pooler.words(),
            pooler.refused(),
            unusable(connection),
            MigrationObstacle.of(database, connection, reports, grants.isEmpty()));
      } catch (SQLException e) {
        throw database.unavailable(e);
      }
    }
  }

  private static String server(Connection connection) throws SQLException {
    return "PostgreSQL "
        + text(connection, "SELECT current_setting('server_version')")
        + ", as "
        + text(connection, "SELECT current_user");
  }

  private static @Nullable String unusable(Connection connection) throws SQLException {
    String encoding = text(connection, "SELECT current_setting('server_encoding')");
    if (!encoding.equals("UTF8")) {
      return "the database is encoded in "
          + encoding
          + ", which cannot hold every path: create it"
          + " with ENCODING 'UTF8' TEMPLATE template0";
    }
    if (Integer.parseInt(text(connection, "SELECT current_setting('server_version_num')"))
        < 140_000) {
      return "the server is older than PostgreSQL 14";
    }
    if (text(connection, "SELECT current_setting('transaction_read_only')").equals("on")) {
      return "the database is read-only, as a standby is: name the primary in postgres.url";
    }
    return null;
  }

  private static Power power(Connection connection) throws SQLException {
    if (text(connection, "SELECT current_setting('is_superuser')").equals("on")) {
      return Power.SUPERUSER;
    }
    return LoaderRights.onlyLoads(connection) ? Power.LOADS : Power.OWNS;
  }

  private static boolean isEmpty(Connection connection, String schema) throws SQLException {
    return may(
        connection,
        "NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace('" + schema + "'))");
  }

  private static boolean owns(Connection connection, String schema) throws SQLException {
    return may(
        connection,
        "EXISTS (SELECT FROM pg_namespace WHERE nspname = '"
            + schema
            + "' AND pg_has_role(nspowner, 'USAGE'))");
  }

  private static List<String> grants(Connection connection) throws SQLException {
    List<String> grants = new ArrayList<>();
    String role = text(connection, "SELECT quote_ident(current_user)");
    String database = text(connection, "SELECT quote_ident(current_database())");
    if (!may(connection, "has_database_privilege(current_database(), 'TEMPORARY')")) {
      grants.add("GRANT TEMPORARY ON DATABASE " + database + " TO " + role + ";");
    }
    boolean onlyLoads = LoaderRights.onlyLoads(connection);
    boolean create = false;
    for (String schema : List.of(REPORTS, CONTROL, VIEWS)) {
      if (!may(connection, "to_regnamespace('" + schema + "') IS NOT NULL")) {
        create = !onlyLoads;
      } else if (isEmpty(connection, schema)) {
        // The first migration comments on the schemas, which only their owner may do.
        if (!owns(connection, schema) && !onlyLoads) {
          grants.add("ALTER SCHEMA " + schema + " OWNER TO " + role + ";");
        }
      } else if (!schema.equals(VIEWS)) {
        // Views that this role does not own are left to the role that does.
        String right = onlyLoads ? "USAGE" : "USAGE, CREATE";
        boolean lacks = false;
        for (String one : right.split(", ", -1)) {
          lacks |= !may(connection, "has_schema_privilege('" + schema + "', '" + one + "')");
        }
        if (lacks) {
          grants.add("GRANT " + right + " ON SCHEMA " + schema + " TO " + role + ";");
        }
      }
    }
    if (create && !may(connection, "has_database_privilege(current_database(), 'CREATE')")) {
      grants.add("GRANT CREATE ON DATABASE " + database + " TO " + role + ";");
    }
    return grants;
  }

  private static boolean may(Connection connection, String question) throws SQLException {
    return text(connection, "SELECT " + question).equals("t");
  }

  private static String text(Connection connection, String query) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      if (!row.next()) {
        throw new SQLException("no row: " + query);
      }
      return String.valueOf(row.getString(1));
    }
  }

  /**
   * A pooler between this machine and the server. A run holds its pipeline's lock for as long as
   * its session lives, so a pooler that gives each transaction another session loses it.
   */
  private record Pooler(Optional<String> words, boolean refused) {
    static Pooler between(Connection connection, Connection other) throws SQLException {
      int announced = connection.unwrap(PGConnection.class).getBackendPID();
      String serving = text(connection, "SELECT pg_backend_pid()");
      if (serving.equals(Integer.toString(announced))) {
        return new Pooler(Optional.empty(), false);
      }
      return isShared(connection, other, serving)
          ? new Pooler(
              Optional.of(
                  "a pooler in transaction mode is in between, which loses the locks of a run: name"
                      + " the server itself in postgres.url, or set pool_mode = session for this"
                      + " database in PgBouncer"),
              true)
          : new Pooler(
              Optional.of("a pooler is in between; it keeps sessions, as a run needs it"), false);
    }

    /**
     * Returns whether a session moves to another server process between transactions. The other
     * connection occupies the process that served the first one, if the pooler lends it out.
     */
    private static boolean isShared(Connection connection, Connection other, String serving)
        throws SQLException {
      other.setAutoCommit(false);
      boolean taken = text(other, "SELECT pg_backend_pid()").equals(serving);
      if (!taken) {
        other.rollback();
      }
      connection.setNetworkTimeout(Runnable::run, POOL_MILLIS);
      try {
        return taken || !text(connection, "SELECT pg_backend_pid()").equals(serving);
      } finally {
        other.rollback();
      }
    }
  }
}
