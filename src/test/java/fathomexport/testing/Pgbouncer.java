package fathomexport.testing;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Debian's PgBouncer before a test's database, on a port of its own. */
public final class Pgbouncer implements AutoCloseable {
  private static final long SECONDS_TO_START = 60;

  private final Process process;
  private final String url;
  private final Path directory;

  private Pgbouncer(Process process, String url, Path directory) {
    this.process = process;
    this.url = url;
    this.directory = directory;
  }

  /** The program, where it is installed. */
  public static Optional<Path> program() {
    return Stream.of("/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer")
        .map(Path::of)
        .filter(Files::isExecutable)
        .findFirst();
  }

  /**
   * Starts a pool.
   *
   * @param mode {@code session}, {@code transaction} or {@code statement}
   * @param more lines for the section {@code [pgbouncer]}
   */
  public static Pgbouncer before(TestDatabase database, String mode, String... more)
      throws IOException, InterruptedException {
    int port = freePort();
    // As root it changes to another user, who must be able to read its file.
    Path directory = Files.createTempDirectory("pgbouncer-");
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    Path ini = directory.resolve("pgbouncer.ini");
    Files.writeString(
        ini,
        """
        [databases]
        %s = host=%s port=%d dbname=%s user=%s password='%s'

        [pgbouncer]
        listen_addr = 127.0.0.1
        listen_port = %d
        unix_socket_dir =
        auth_type = any
        pool_mode = %s
        default_pool_size = 20
        ignore_startup_parameters = extra_float_digits
        %s%s
        """
            .formatted(
                database.name(),
                database.host(),
                database.port(),
                database.name(),
                database.user(),
                database.password().replace("'", "''"),
                port,
                mode,
                System.getProperty("user.name").equals("root") ? "user = nobody\n" : "",
                String.join("\n", more)));
    Process process =
        new ProcessBuilder(program().orElseThrow().toString(), ini.toString())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("log").toFile())
            .start();
    Pgbouncer started = new Pgbouncer(process, database.urlAt("127.0.0.1", port), directory);
    boolean answers = false;
    try {
      started.awaitAnswer(port);
      answers = true;
      return started;
    } finally {
      if (!answers) {
        started.close();
      }
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private void awaitAnswer(int port) throws IOException, InterruptedException {
    long begin = System.nanoTime();
    while (true) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        if (socket.isConnected()) {
          return;
        }
      } catch (IOException e) {
        if (!process.isAlive()
            || System.nanoTime() - begin > TimeUnit.SECONDS.toNanos(SECONDS_TO_START)) {
          throw new IOException(Files.readString(directory.resolve("log")), e);
        }
      }
      Thread.sleep(20);
    }
  }

  /** The database's url by way of the pool. */
  public String url() {
    return url;
  }

  @Override
  public void close() throws IOException {
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    for (String file : List.of("pgbouncer.ini", "log")) {
      Files.deleteIfExists(directory.resolve(file));
    }
    Files.deleteIfExists(directory);
  }
}
