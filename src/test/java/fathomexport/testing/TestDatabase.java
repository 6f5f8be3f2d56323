package fathomexport.testing;

import fathomexport.report.Report;
import fathomexport.report.SecretRef;
import fathomexport.sink.postgres.PostgresSink;
import fathomexport.sink.postgres.db.PostgresSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A fresh database of a real PostgreSQL, for one test. A database and not a schema, since the names
 * of the schemas are part of the contract: every test has its own {@code fathom} and {@code
 * fathom_ops}. Owned by {@link #user()}, who is no superuser and may not create roles.
 */
public final class TestDatabase implements AutoCloseable {
  static final String LOADER = "fathom_loader";
  static final String LOADER_PASSWORD = "pa'ss wörd%&";

  private static final AtomicInteger COUNT = new AtomicInteger();

  /** Any time at which a command runs. */
  private static final Instant MIGRATED_AT = Instant.parse("2026-01-01T00:00:00Z");

  /** Databases that are copied, by the reports that they have tables of. */
  private static final Map<String, String> PREPARED = new ConcurrentHashMap<>();

  private final TestServer server;
  private final String name;

  /**
   * The connection of the last query, for the next one: to open one takes the server longer than
   * most queries do. Whoever queries takes it away for that time.
   */
  private final AtomicReference<@Nullable Connection> kept = new AtomicReference<>();

  private TestDatabase(TestServer server, String name) {
    this.server = server;
    this.name = name;
  }

  /** An empty database: for tests of what a first run finds and makes. */
  public static TestDatabase create() {
    return in(TestServer.shared());
  }

  /**
   * A database as {@code migrate} leaves it for no report. It is copied from one that was migrated
   * once, which takes half the time of migrating.
   */
  public static TestDatabase migrated() {
    return in(TestServer.shared(), Migrated.TEMPLATE);
  }

  /**
   * A database as {@code migrate} leaves it for these reports: a copy of one that was migrated for
   * them once. For tests of what runs do with tables that are there, which most tests are.
   */
  public static TestDatabase migrated(List<Question> reports) {
    String key = reports.stream().map(Question::yaml).collect(Collectors.joining());
    return in(TestServer.shared(), PREPARED.computeIfAbsent(key, unused -> templateFor(reports)));
  }

  @SuppressWarnings("resource") // lives as long as its server
  private static String templateFor(List<Question> reports) {
    TestDatabase database = migrated();
    try {
      Path directory = TestDirectories.create();
      Installation.Ended ended =
          new Installation(
                  directory, database, URI.create("http://127.0.0.1:9/v1"), "none", MIGRATED_AT)
              .pipeline("all", "all", "[postgres]", reports)
              .run("migrate", "all");
      TestDirectories.delete(directory);
      if (ended.code() != 0) {
        throw new IllegalStateException(ended.said());
      }
      return database.name();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** An empty database of this server. */
  static TestDatabase in(TestServer server) {
    return in(server, "template0");
  }

  private static TestDatabase in(TestServer server, String template) {
    String name = "test_" + COUNT.incrementAndGet();
    server.administer(
        "CREATE DATABASE "
            + name
            + " OWNER "
            + LOADER
            + " ENCODING 'UTF8' TEMPLATE "
            + template
            + server.quickestCopy());
    return new TestDatabase(server, name);
  }

  /** Creates a copy of this database, to which no connection may be open. */
  public TestDatabase copy() {
    disconnect();
    return in(server, name);
  }

  /** As {@link #migrated(List)}, for reports that no pipeline asks for. */
  public static TestDatabase migratedFor(Report... reports) {
    return in(
        TestServer.shared(),
        PREPARED.computeIfAbsent(
            Arrays.toString(reports), unused -> Migrated.make(List.of(reports))));
  }

  /** The template of the JVM's server, made by its first use. */
  private static final class Migrated {
    static final String TEMPLATE = make(List.of());

    @SuppressWarnings("resource") // lives as long as its server
    private static String make(List<Report> reports) {
      TestDatabase database = create();
      try (PostgresSink sink = database.sink()) {
        sink.migrate(reports);
      }
      return database.name();
    }
  }

  public String host() {
    return server.host();
  }

  public int port() {
    return server.port();
  }

  public String name() {
    return name;
  }

  public String url() {
    return urlAt(host(), port());
  }

  /** The database's url by way of a proxy. */
  public String urlAt(String proxyHost, int proxyPort) {
    return "jdbc:postgresql://" + proxyHost + ":" + proxyPort + "/" + name;
  }

  public String user() {
    return LOADER;
  }

  public String password() {
    return LOADER_PASSWORD;
  }

  /** A connection of the loader's. */
  public Connection connect() throws SQLException {
    return DriverManager.getConnection(url(), user(), password());
  }

  /** Runs statements as the loader. */
  public void execute(String... statements) {
    disconnect();
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Runs statements as a superuser. */
  public void executeAsSuperuser(String... statements) {
    // A statement may change what holds for new sessions only, or how many there may be.
    disconnect();
    server.execute(name, statements);
  }

  /** A query's rows, cells as the driver gives them, asked as the loader. */
  public List<List<@Nullable Object>> query(String sql) {
    return onKept(connection -> query(connection, sql));
  }

  /** The tables, the views and their columns in a schema that have no comment. */
  public List<List<@Nullable Object>> withoutComment(String schema) {
    return query(
        """
        SELECT n.nspname || '.' || c.relname || coalesce('.' || a.attname, '')
          FROM pg_class c
          JOIN pg_namespace n ON n.oid = c.relnamespace
          JOIN (SELECT attrelid, attnum, attname FROM pg_attribute
                 WHERE attnum > 0 AND NOT attisdropped
                UNION ALL
                SELECT oid, 0, NULL FROM pg_class) a ON a.attrelid = c.oid
         WHERE n.nspname = '%s' AND c.relkind IN ('r', 'v', 'm')
           AND coalesce(CASE a.attnum
                          WHEN 0 THEN obj_description(c.oid, 'pg_class')
                          ELSE col_description(c.oid, a.attnum)
                        END, '') = ''
         ORDER BY 1\
        """
            .formatted(schema));
  }

  /** Queries on a connection. */
  @FunctionalInterface
  interface Query {
    List<List<@Nullable Object>> on(Connection connection) throws SQLException;
  }

  /** Queries on the connection of the last query, asked as the loader. */
  List<List<@Nullable Object>> onKept(Query query) {
    try {
      Connection connection = kept.getAndSet(null);
      if (connection == null || !connection.isValid(60)) {
        connection = KeptSockets.connect(url(), user(), password());
      }
      List<List<@Nullable Object>> answer;
      try {
        answer = query.on(connection);
      } catch (SQLException e) {
        connection.close();
        throw e;
      }
      if (!kept.compareAndSet(null, connection)) {
        connection.close();
      }
      return answer;
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<List<@Nullable Object>> query(Connection connection, String sql)
      throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      List<List<@Nullable Object>> answer = new ArrayList<>();
      int columns = rows.getMetaData().getColumnCount();
      while (rows.next()) {
        List<@Nullable Object> row = new ArrayList<>();
        for (int i = 1; i <= columns; i++) {
          row.add(rows.getObject(i));
        }
        answer.add(row);
      }
      return answer;
    }
  }

  private void disconnect() {
    Connection connection = kept.getAndSet(null);
    if (connection != null) {
      try {
        connection.close();
      } catch (SQLException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** Where the loader's password stands, for a configuration that names an environment variable. */
  public Map<String, String> environment() {
    return Map.of(PASSWORD_VARIABLE, LOADER_PASSWORD);
  }

  /** The variable of {@link #environment()}. */
  public static final String PASSWORD_VARIABLE = "FATHOM_PG_PASSWORD";

  /** The settings of a sink in this database. */
  public PostgresSettings settings() {
    return new PostgresSettings(url(), user(), new SecretRef.Env(PASSWORD_VARIABLE));
  }

  /** Opens a sink in this database. */
  public PostgresSink sink() {
    return new PostgresSink(settings(), environment());
  }

  @Override
  public void close() {
    disconnect();
    server.administer("DROP DATABASE " + name + " WITH (FORCE)");
  }
}
