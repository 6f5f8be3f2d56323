package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.testing.Fixture;
import fathomexport.testing.Installation;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A database that does not let the run in, or not now: the exit code, and what to do. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class UnreachableDatabaseTest {
  private static final LocalDate DAY = LocalDate.of(2025, 9, 1);
  private static final Instant NOW = Instant.parse("2025-10-02T14:00:00Z");

  @RegisterExtension final Fixture fixture = new Fixture();
  private FathomSimulator api;
  private TestDatabase database;
  private Installation installation;

  @BeforeAll
  void start() throws IOException {
    api = FathomSimulator.start(World.dozen(41, DAY, DAY, 0), Behaviour.unlimited());
  }

  @AfterAll
  void stop() {
    api.close();
  }

  @BeforeEach
  void install(@TempDir Path directory) {
    api.log().clear();
    database = fixture.database();
    installation =
        new Installation(directory, database, api.baseUri(), SimulatorToken.STANDARD.secret(), NOW)
            .inRealTime()
            .pipeline(
                "all",
                "[UTCSTATS]",
                "[postgres]",
                List.of(
                    Question.pageviews("traffic_daily", "day"),
                    Question.pageviews("pages_daily", "day", "pathname")));
  }

  private Installation.Ended backfill() {
    return installation.run("backfill", "all", "--from", DAY.toString(), "--to", DAY.toString());
  }

  private void assertEnds(int code, String... words) {
    for (Installation.Ended ended : List.of(backfill(), installation.run("status", "all"))) {
      assertThat(ended.code()).as(ended.said()).isEqualTo(code);
      assertThat(ended.said()).contains(words).doesNotContain("internal error");
    }
    assertThat(api.log().aggregations()).as("no request is paid for nothing").isEmpty();
  }

  /** In the protocol's words: the test's own server may trust everyone who is on this machine. */
  @ParameterizedTest
  @CsvSource({
    "28P01, password authentication failed for user fathom_loader",
    "28000, no pg_hba.conf entry for host 10.0.0.1"
  })
  void aWrongPassword(String state, String words) throws Exception {
    try (RefusingServer server = new RefusingServer(state, words)) {
      installation
          .databaseAt(database.urlAt("127.0.0.1", server.port()) + "?sslmode=disable")
          .settings(1_000);
      installation.variable(TestDatabase.PASSWORD_VARIABLE, "an0ther-passw0rd");

      assertEnds(77, "PostgreSQL at", words, "user and password under postgres:");

      int before = server.refused();
      assertThat(backfill().said()).doesNotContain("an0ther-passw0rd");
      assertThat(server.refused() - before).as("it is asked once").isEqualTo(1);
    }
  }

  @Test
  void aServerWithoutTls() {
    installation.databaseAt(database.url() + "?sslmode=require").settings(1_000);

    assertEnds(78, "PostgreSQL at", "SSL", "sslmode");
  }

  @Test
  void aDatabaseThatDoesNotExist() {
    installation
        .databaseAt(database.url().replace(database.name(), "no_such_database"))
        .settings(1_000);

    assertEnds(78, "no_such_database", "postgres.url");
  }

  /** The migration's own connections are too many. */
  @Test
  void outOfConnectionsWhileMigrating() {
    database.executeAsSuperuser("ALTER DATABASE " + database.name() + " CONNECTION LIMIT 1");

    Installation.Ended ended = backfill();

    assertThat(ended.code()).as(ended.said()).isEqualTo(74);
    assertThat(ended.said()).contains("too many connections", "up to 6 connections");
    assertThat(api.log().aggregations()).isEmpty();
  }

  @Test
  void outOfConnectionsAltogether() {
    database.executeAsSuperuser("ALTER DATABASE " + database.name() + " CONNECTION LIMIT 0");

    assertEnds(74, "too many connections", "up to 6 connections");
  }

  /** The number in the message is enough. */
  @Test
  void asManyConnectionsAsAreSaidToBeNeeded() {
    database.executeAsSuperuser("ALTER DATABASE " + database.name() + " CONNECTION LIMIT 6");

    Installation.Ended ended = backfill();

    assertThat(ended.code()).as(ended.said()).isZero();
  }

  @ParameterizedTest
  @CsvSource({"false", "true"})
  void readOnlyAsAfterAFailover(boolean migrated) {
    if (migrated) {
      Installation.Ended ended = installation.run("migrate", "all");
      assertThat(ended.code()).as(ended.said()).isZero();
    }
    database.executeAsSuperuser(
        "ALTER DATABASE " + database.name() + " SET default_transaction_read_only = on");

    Installation.Ended ended = backfill();

    assertThat(ended.code()).as(ended.said()).isEqualTo(74);
    assertThat(ended.said()).contains("read-only", "targetServerType=primary");
    assertThat(api.log().aggregations()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "57P03, the database system is starting up",
    "57P03, the database system is shutting down",
    "57P01, terminating connection due to administrator command"
  })
  void aServerThatComesOrGoes(String state, String words) throws Exception {
    try (RefusingServer server = new RefusingServer(state, words)) {
      installation
          .databaseAt(database.urlAt("127.0.0.1", server.port()) + "?sslmode=disable")
          .settings(1_000);

      assertEnds(74, words, "starting up or shutting down");
      assertThat(server.refused()).isPositive();
    }
  }

  /** Answers every startup message of PostgreSQL's protocol with an error. */
  private static final class RefusingServer implements AutoCloseable {
    private final ServerSocket socket = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
    private final AtomicInteger refused = new AtomicInteger();
    private final byte[] answer;

    RefusingServer(String state, String words) throws IOException {
      byte[] fields =
          ("SFATAL\0VFATAL\0C" + state + "\0M" + words + "\0\0").getBytes(StandardCharsets.UTF_8);
      answer =
          ByteBuffer.allocate(fields.length + 5)
              .put((byte) 'E')
              .putInt(fields.length + 4)
              .put(fields)
              .array();
      Thread thread = new Thread(this::serve, "refusing server");
      thread.setDaemon(true);
      thread.start();
    }

    private void serve() {
      while (true) {
        try (Socket client = socket.accept();
            DataInputStream in = new DataInputStream(client.getInputStream());
            OutputStream out = client.getOutputStream()) {
          in.readNBytes(in.readInt() - 4);
          refused.incrementAndGet();
          out.write(answer);
          out.flush();
        } catch (IOException e) {
          if (socket.isClosed()) {
            return;
          }
          // A client that did not wait for its answer.
        }
      }
    }

    int port() {
      return socket.getLocalPort();
    }

    int refused() {
      return refused.get();
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }
}
