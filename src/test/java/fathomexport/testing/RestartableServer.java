package fathomexport.testing;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** A PostgreSQL of a test's own, which can crash and come up again at the same place. */
public final class RestartableServer implements AutoCloseable {
  private final Path data;
  private EmbeddedPostgres postgres;

  private RestartableServer(Path data, EmbeddedPostgres postgres) {
    this.data = data;
    this.postgres = postgres;
  }

  /**
   * Starts it.
   *
   * @param place where its data lies
   */
  public static RestartableServer start(Path place) throws IOException {
    Path data = place.resolve("data");
    RestartableServer server = new RestartableServer(data, start(data, 0));
    server.server().createLoader();
    return server;
  }

  private static EmbeddedPostgres start(Path data, int port) throws IOException {
    EmbeddedPostgres.Builder builder =
        EmbeddedPostgres.builder()
            .setDataDirectory(data)
            .setCleanDataDirectory(false)
            // It takes from its log what it has promised; here, no power fails.
            .setServerConfig("fsync", "off")
            // It promises as little as an operator can make it promise, and writes as late.
            .setServerConfig("synchronous_commit", "off")
            .setServerConfig("wal_writer_delay", "10s")
            .setServerConfig("listen_addresses", "127.0.0.1")
            .setPGStartupWait(TestServer.LONGEST_START);
    if (port > 0) {
      builder.setPort(port);
    }
    return builder.start();
  }

  private TestServer server() {
    return TestServer.at("127.0.0.1", postgres.getPort());
  }

  /** A new database in it. */
  public TestDatabase database() {
    return TestDatabase.in(server());
  }

  /** Runs a statement as a superuser. */
  public void execute(String sql) {
    server().execute("postgres", sql);
  }

  /** What {@code pg_ctl stop -m immediate} does, and then {@code pg_ctl start}. */
  public Void crashAndStart() throws IOException, InterruptedException {
    String pid = Files.readAllLines(data.resolve("postmaster.pid")).get(0);
    ProcessHandle postmaster = ProcessHandle.of(Long.parseLong(pid)).orElseThrow();
    if (new ProcessBuilder("kill", "-QUIT", pid).inheritIO().start().waitFor() != 0) {
      throw new IOException("the server's process " + pid + " is not there");
    }
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (postmaster.isAlive() && System.nanoTime() < deadline) {
      Thread.sleep(5);
    }
    int port = postgres.getPort();
    // Only forgets it: there is nothing left to stop.
    postgres.close();
    postgres = start(data, port);
    return null;
  }

  @Override
  public void close() throws IOException {
    postgres.close();
  }
}
