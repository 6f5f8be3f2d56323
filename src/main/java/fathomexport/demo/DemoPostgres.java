package fathomexport.demo;

import io.zonky.test.db.postgres.embedded.DefaultPostgresBinaryResolver;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A PostgreSQL server for the demo. Program, data and log are in one directory; the server has no
 * Unix socket and accepts connections on 127.0.0.1 only, without a password.
 */
final class DemoPostgres implements AutoCloseable {
  static final String USER = "fathom_loader";
  static final String DATABASE = "analytics";

  private static final String HOST = "127.0.0.1";
  private static final String SUPERUSER = "postgres";
  private static final String DATA = "data";
  private static final String LOG = "postgres.log";
  private static final String PID_FILE = "postmaster.pid";
  private static final Duration STARTING = Duration.ofSeconds(60);
  private static final Duration STOPPING = Duration.ofSeconds(15);
  private static final int LOG_LINES = 5;

  private final EmbeddedPostgres server;

  private DemoPostgres(EmbeddedPostgres server) {
    this.server = server;
  }

  /**
   * Starts a server on a free port with an empty database.
   *
   * @throws IOException if the server does not start; the message includes the last lines of its
   *     log
   */
  static DemoPostgres start(Path directory) throws IOException {
    Files.createDirectories(directory);
    Path log = directory.resolve(LOG);
    Files.deleteIfExists(log);
    ProcessBuilder.Redirect toLog = ProcessBuilder.Redirect.appendTo(log.toFile());
    EmbeddedPostgres server;
    try {
      server =
          EmbeddedPostgres.builder()
              .setOverrideWorkingDirectory(directory.toFile())
              .setDataDirectory(directory.resolve(DATA))
              .setCleanDataDirectory(false)
              .setRegisterShutdownHook(false)
              // The library caches unpacked programs per resolver; a separate resolver avoids
              // sharing them.
              .setPgBinaryResolver(
                  (system, machine) ->
                      DefaultPostgresBinaryResolver.INSTANCE.getPgBinary(system, machine))
              .setPGStartupWait(STARTING)
              .setLocaleConfig("locale", "C")
              .setServerConfig("listen_addresses", HOST)
              .setServerConfig("unix_socket_directories", "")
              .setOutputRedirector(toLog)
              .setErrorRedirector(toLog)
              .start();
    } catch (IOException | RuntimeException e) {
      throw new IOException(
          "PostgreSQL does not start in "
              + directory
              + ": "
              + e.getMessage()
              + endOf(log)
              + (e instanceof IllegalStateException
                  ? System.lineSeparator()
                      + "PostgreSQL refuses to run as root; where user namespaces are forbidden,"
                      + " start the demo as another user."
                  : ""),
          e);
    }
    // The library makes the directory writable for all users.
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    DemoPostgres postgres = new DemoPostgres(server);
    try {
      postgres.prepare();
    } catch (SQLException e) {
      postgres.close();
      throw new IOException("cannot prepare the database: " + e.getMessage(), e);
    }
    return postgres;
  }

  /** Stops the server that a killed demo left running in this directory, if there is one. */
  static void stopLeftover(Path directory) throws IOException, InterruptedException {
    Path pidFile = directory.resolve(DATA).resolve(PID_FILE);
    if (Files.notExists(pidFile)) {
      return;
    }
    List<String> lines = Files.readAllLines(pidFile);
    Optional<ProcessHandle> left =
        lines.isEmpty() || !lines.get(0).matches("[1-9][0-9]{0,9}")
            ? Optional.empty()
            : ProcessHandle.of(Long.parseLong(lines.get(0)))
                .filter(process -> isServerOf(directory, process));
    if (left.isEmpty()) {
      return;
    }
    left.get().destroy();
    try {
      left.get().onExit().get(STOPPING.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      left.get().destroyForcibly();
    } catch (ExecutionException e) {
      throw new IOException("cannot stop the server of an earlier demo", e);
    }
  }

  /**
   * Returns whether the process runs a program of this directory, because process ids are reused.
   */
  private static boolean isServerOf(Path directory, ProcessHandle process) {
    return process.info().command().map(c -> Path.of(c).startsWith(directory)).orElse(false);
  }

  private static String endOf(Path log) throws IOException {
    if (Files.notExists(log)) {
      return "";
    }
    List<String> lines = Files.readAllLines(log);
    return System.lineSeparator()
        + String.join(
            System.lineSeparator(),
            lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size()));
  }

  private void prepare() throws SQLException {
    try (Connection connection = DriverManager.getConnection(url("postgres"), SUPERUSER, "");
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE ROLE " + USER + " LOGIN");
      statement.execute("CREATE DATABASE " + DATABASE + " OWNER " + USER);
    }
  }

  /** Returns the JDBC URL of the demo's database. */
  String url() {
    return url(DATABASE);
  }

  private String url(String database) {
    return "jdbc:postgresql://" + HOST + ":" + server.getPort() + "/" + database;
  }

  /** Returns the command by which a person connects. */
  String psql() {
    return "psql -h " + HOST + " -p " + server.getPort() + " -U " + USER + " " + DATABASE;
  }

  Connection connect() throws SQLException {
    return DriverManager.getConnection(url(), USER, "");
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
