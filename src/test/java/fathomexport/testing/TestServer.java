package fathomexport.testing;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.testcontainers.postgresql.PostgreSQLContainer;
import org.testcontainers.utility.DockerImageName;

/**
 * The PostgreSQL that a JVM's tests share: a container where a Docker-compatible engine answers,
 * else an embedded one, which is as real. Started by its first use.
 *
 * <p>The system property {@code fathomexport.test.postgres} names another image than {@code
 * postgres:17-alpine}, or is {@code embedded} for no container in any case. The system property
 * {@code postgres.version} is the version of the embedded one, which the build resolves.
 */
final class TestServer {
  private static final String PROPERTY = "fathomexport.test.postgres";
  private static final String IMAGE = "postgres:17-alpine";
  private static final String EMBEDDED = "embedded";

  /** A server starts in two seconds; on a machine that is busy with other work it takes longer. */
  static final Duration LONGEST_START = Duration.ofMinutes(2);

  /** The version that a build was asked to test with; absent if it is the default one. */
  private static final String WANTED_VERSION = "postgres.version";

  /**
   * What makes a server cheap whose data nobody keeps. None of it changes an answer; crashes are
   * tried on a {@link RestartableServer}.
   */
  private static final Map<String, String> CHEAP =
      Map.of(
          "fsync", "off",
          "full_page_writes", "off",
          "wal_level", "minimal",
          "max_wal_senders", "0",
          "autovacuum", "off",
          "jit", "off",
          // Its log is in memory, like its data.
          "max_wal_size", "128MB",
          "min_wal_size", "32MB",
          "checkpoint_warning", "0");

  private final String host;
  private final int port;
  private final String superuser;
  private final String password;
  private @Nullable String copy;
  private @Nullable Connection kept;

  private TestServer(String host, int port, String superuser, String password) {
    this.host = host;
    this.port = port;
    this.superuser = superuser;
    this.password = password;
    OpenThings.database(port);
  }

  /** The JVM's server. */
  static TestServer shared() {
    return Holder.SERVER;
  }

  /** An embedded server that somebody else has started. */
  static TestServer at(String host, int port) {
    return new TestServer(host, port, "postgres", "");
  }

  private static final class Holder {
    static final TestServer SERVER = start();
  }

  private static TestServer start() {
    String wanted = System.getProperty(PROPERTY, IMAGE);
    TestServer server = null;
    String kind = EMBEDDED;
    if (!wanted.equals(EMBEDDED) && engineAnswers()) {
      try {
        server = startContainer(wanted);
        kind = "container " + wanted;
      } catch (RuntimeException e) {
        // An engine without the image and without a registry is no reason to test nothing.
        System.out.printf("a container engine answers, but not with %s: %s%n", wanted, e);
      }
    }
    if (server == null) {
      server = startEmbedded();
    }
    System.out.printf("tests run against PostgreSQL %s (%s)%n", server.version(), kind);
    if (kind.equals(EMBEDDED)) {
      server.requireWantedVersion();
    }
    server.createLoader();
    return server;
  }

  @SuppressWarnings("resource") // lives as long as the JVM
  private static TestServer startContainer(String image) {
    PostgreSQLContainer container =
        new PostgreSQLContainer(DockerImageName.parse(image).asCompatibleSubstituteFor("postgres"))
            .withCommand(command());
    container.start();
    Runtime.getRuntime().addShutdownHook(new Thread(container::stop));
    return new TestServer(
        container.getHost(),
        container.getMappedPort(PostgreSQLContainer.POSTGRESQL_PORT),
        container.getUsername(),
        container.getPassword());
  }

  private static String[] command() {
    List<String> command = new ArrayList<>(List.of("postgres", "-c", "max_connections=200"));
    CHEAP.forEach((name, value) -> command.addAll(List.of("-c", name + "=" + value)));
    return command.toArray(new String[0]);
  }

  @SuppressWarnings("resource") // lives as long as the JVM
  private static TestServer startEmbedded() {
    try {
      EmbeddedPostgres.Builder builder =
          EmbeddedPostgres.builder()
              .setRegisterShutdownHook(true)
              .setDataDirectory(TestDirectories.createForServer())
              .setServerConfig("listen_addresses", "127.0.0.1")
              .setPGStartupWait(LONGEST_START);
      CHEAP.forEach(builder::setServerConfig);
      EmbeddedPostgres postgres = builder.start();
      return new TestServer("127.0.0.1", postgres.getPort(), "postgres", "");
    } catch (IOException e) {
      throw new UncheckedIOException("the embedded PostgreSQL does not start", e);
    }
  }

  /** The role that tests load as: what a careful administrator would give, so no superuser. */
  void createLoader() {
    execute(
        "postgres",
        "CREATE ROLE "
            + TestDatabase.LOADER
            + " LOGIN NOSUPERUSER NOCREATEROLE PASSWORD '"
            + TestDatabase.LOADER_PASSWORD.replace("'", "''")
            + "'");
  }

  String host() {
    return host;
  }

  int port() {
    return port;
  }

  Connection connectAsSuperuser(String database) throws SQLException {
    return DriverManager.getConnection(urlOf(database), superuser, password);
  }

  private String urlOf(String database) {
    return "jdbc:postgresql://" + host + ":" + port + "/" + database;
  }

  void execute(String database, String... statements) {
    try (Connection connection = connectAsSuperuser(database)) {
      execute(connection, statements);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Creates or drops a database, on a connection that is kept: a new one takes the server half as
   * long as the copy of a database.
   */
  synchronized void administer(String statement) {
    try {
      Connection connection = kept;
      if (connection == null || !connection.isValid(60)) {
        connection = KeptSockets.connect(urlOf("postgres"), superuser, password);
        kept = connection;
      }
      execute(connection, statement);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void execute(Connection connection, String... statements) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  /**
   * How {@code CREATE DATABASE} copies. Files are quicker to copy than to log, and bring along what
   * the first connection would have to work out; before PostgreSQL 15 there was nothing else.
   */
  synchronized String quickestCopy() {
    if (copy == null) {
      try (Connection connection = connectAsSuperuser("postgres")) {
        copy =
            connection.getMetaData().getDatabaseMajorVersion() >= 15 ? " STRATEGY FILE_COPY" : "";
      } catch (SQLException e) {
        throw new IllegalStateException(e);
      }
    }
    return copy;
  }

  /** A run that is meant for one version must not pass on another. */
  private void requireWantedVersion() {
    String wanted = System.getProperty(WANTED_VERSION);
    if (wanted != null && !version().split("[. ]", 2)[0].equals(wanted.split("[.]", 2)[0])) {
      throw new IllegalStateException(
          "-D%s=%s was asked for, but the embedded PostgreSQL is %s"
              .formatted(WANTED_VERSION, wanted, version()));
    }
  }

  private String version() {
    try (Connection connection = connectAsSuperuser("postgres");
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SHOW server_version")) {
      row.next();
      return row.getString(1);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  // --- Is there an engine? Asked by hand: Testcontainers takes long and says much to find none.

  private static boolean engineAnswers() {
    return engineAddresses().stream().anyMatch(TestServer::answers);
  }

  private static List<SocketAddress> engineAddresses() {
    List<SocketAddress> addresses = new ArrayList<>();
    String configured = System.getenv("DOCKER_HOST");
    if (configured != null && !configured.isBlank()) {
      URI uri = URI.create(configured);
      if ("unix".equals(uri.getScheme())) {
        addresses.add(UnixDomainSocketAddress.of(uri.getPath()));
      } else if (uri.getHost() != null) {
        addresses.add(
            new InetSocketAddress(uri.getHost(), uri.getPort() < 0 ? 2375 : uri.getPort()));
      }
      return addresses;
    }
    addresses.add(UnixDomainSocketAddress.of("/var/run/docker.sock"));
    String runtime = System.getenv("XDG_RUNTIME_DIR");
    if (runtime != null) {
      addresses.add(UnixDomainSocketAddress.of(runtime + "/docker.sock"));
    }
    addresses.add(
        UnixDomainSocketAddress.of(
            System.getProperty("user.home") + File.separator + ".docker/run/docker.sock"));
    return addresses;
  }

  private static boolean answers(SocketAddress address) {
    boolean unix = address instanceof UnixDomainSocketAddress;
    if (address instanceof UnixDomainSocketAddress socket
        && !Files.exists(Path.of(socket.toString()))) {
      return false;
    }
    try (SocketChannel channel =
        unix ? SocketChannel.open(StandardProtocolFamily.UNIX) : SocketChannel.open()) {
      if (unix) {
        channel.connect(address);
      } else {
        channel.socket().connect(address, 2_000);
      }
      channel.write(
          ByteBuffer.wrap(
              "GET /_ping HTTP/1.0\r\nHost: localhost\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII)));
      return channel.read(ByteBuffer.allocate(64)) > 0;
    } catch (IOException e) {
      // Nobody listens there: that is an answer, too.
      return false;
    }
  }
}
