package fathomexport.beam;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import fathomexport.run.ExportFailedException;
import fathomexport.run.FailureKind;
import fathomexport.testing.FlinkOverview;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is found out of a Flink cluster before a job is submitted to it. */
class FlinkMasterTest {
  private static Optional<FlinkMaster> master(String address) {
    return new RunnerOptions(List.of("--runner=FlinkRunner", "--flinkMaster=" + address))
        .master(FlinkConfiguration.of(null));
  }

  @Test
  void anAddressIsReadAsFlinkReadsIt() {
    assertThat(master("flink.example:8082")).contains(new FlinkMaster("flink.example", 8082));
    assertThat(master("http://flink.example")).contains(new FlinkMaster("flink.example", 8081));
    assertThat(master("[::1]:80")).contains(new FlinkMaster("::1", 80));
    assertThat(master("job_manager-1:8081/")).contains(new FlinkMaster("job_manager-1", 8081));
    assertThat(master("[local]")).isEmpty();
    assertThat(master("[auto]")).isEmpty();
    assertThatThrownBy(() -> master("flink example"))
        .hasMessageContaining("HOST:PORT")
        .extracting(e -> ((ExportFailedException) e).kind())
        .isEqualTo(FailureKind.CONFIGURATION);
    assertThat(
            new RunnerOptions(List.of("--flinkMaster=flink.example"))
                .master(FlinkConfiguration.of(null)))
        .as("another runner does not ask it")
        .isEmpty();
  }

  @Test
  void aManagerThatIsAwayIsSaidInOneLine() throws IOException {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    assertThatThrownBy(() -> new FlinkMaster("127.0.0.1", port).requireReachable())
        .hasMessageContaining("127.0.0.1:" + port)
        .hasMessageContaining("refused")
        .hasMessageNotContaining("\n")
        .extracting(e -> ((ExportFailedException) e).exitCode())
        .isEqualTo(75);
    assertThatThrownBy(() -> new FlinkMaster("no-such-host.invalid", 80).requireReachable())
        .hasMessageContaining("the name of the host is unknown");
  }

  @Test
  void theRoomOfAClusterIsSaidInWords() throws IOException {
    try (FlinkOverview overview = new FlinkOverview(2, 4, 1, "1.19.0")) {
      FlinkMaster master = master(overview.address()).orElseThrow();
      master.requireReachable();
      FlinkMaster.Room room = master.room().orElseThrow();
      assertThat(room).isEqualTo(new FlinkMaster.Room(2, 4, 1, "1.19.0"));
      assertThat(room.words()).isEqualTo("2 TaskManagers with 4 slots, 1 free");
      assertThat(new FlinkMaster.Room(0, 0, 0, "1.19.0").words())
          .isEqualTo("no TaskManager is registered");
    }
  }

  @Test
  void aServiceThatIsNotFlinksIsRefused() throws IOException {
    HttpServer page =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    page.createContext(
        "/",
        exchange -> {
          byte[] answer = "<html>".getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, answer.length);
          exchange.getResponseBody().write(answer);
          exchange.close();
        });
    page.start();
    try {
      String address = "127.0.0.1:" + page.getAddress().getPort();
      assertThatThrownBy(() -> master(address).orElseThrow().requireReachable())
          .isInstanceOfSatisfying(
              ExportFailedException.class,
              e -> assertThat(e.kind()).isEqualTo(FailureKind.CONFIGURATION))
          .hasMessageContainingAll("--flinkMaster", address, "not Flink's");
    } finally {
      page.stop(0);
    }
  }

  @Test
  void theFailureOfAJobIsThatOfItsName() throws IOException {
    try (FlinkOverview overview = new FlinkOverview(2, 4, 1, "1.19.0")) {
      overview.failed("a1b2", "nightly one", "java.lang.NoClassDefFoundError: a\n\tat b");
      FlinkMaster master = master(overview.address()).orElseThrow();
      assertThat(master.failureOf("nightly one"))
          .contains("java.lang.NoClassDefFoundError: a\n\tat b");
      assertThat(master.failureOf("nightly two")).isEmpty();
    }
  }

  @Test
  void theUsersConfigurationStands(@TempDir Path users, @TempDir Path run) throws IOException {
    FlinkConfiguration none = FlinkConfiguration.of(null);
    assertThat(none.port()).isEqualTo(8081);
    assertThat(none.slotPatience()).isEqualTo(Duration.ofMinutes(5));
    assertThat(Files.readString(none.writtenTo(run).resolve("flink-conf.yaml")))
        .contains("jobmanager.scheduler: Default", "rest.retry.max-attempts: 4");

    Files.writeString(
        users.resolve("config.yaml"),
        "rest.port: 1234\nslot.request.timeout: 90 s\njobmanager.scheduler: Adaptive\n");
    FlinkConfiguration own =
        new RunnerOptions(List.of()).flinkConfiguration(Map.of("FLINK_CONF_DIR", users.toString()));
    assertThat(own.port()).isEqualTo(1234);
    assertThat(own.slotPatience()).isEqualTo(Duration.ofSeconds(90));
    assertThat(Files.readAllLines(own.writtenTo(run).resolve("config.yaml")))
        .contains("slot.request.timeout: 90 s", "rest.retry.delay: 1000")
        .filteredOn(line -> line.startsWith("jobmanager.scheduler"))
        .containsExactly("jobmanager.scheduler: Adaptive");
  }

  @Test
  void bothFormsOfTheUsersConfigurationAreRead(@TempDir Path users, @TempDir Path run)
      throws IOException {
    Files.writeString(
        users.resolve("config.yaml"),
        """
        rest:
          port: 34975 # our port
        jobmanager:
          scheduler: 'Adaptive'
        slot:
          request.timeout: 8 s
        env:
          java: {opts: {all: -Xmx1g}}
        empty:
        """);
    FlinkConfiguration nested = FlinkConfiguration.of(users);
    assertThat(nested.port()).isEqualTo(34975);
    assertThat(nested.slotPatience()).isEqualTo(Duration.ofSeconds(8));
    assertThat(Files.readAllLines(nested.writtenTo(run).resolve("config.yaml")))
        .contains("rest.retry.delay: 1000")
        .noneMatch(line -> line.startsWith("jobmanager.scheduler"));

    // Flink reads the older file if both are there.
    Files.writeString(
        users.resolve("flink-conf.yaml"),
        "# rest.port: 1\nrest.port: 34976 # our port\nslot.request.timeout: 9 s#x\n");
    FlinkConfiguration lines = FlinkConfiguration.of(users);
    assertThat(lines.port()).isEqualTo(34976);
    assertThat(lines.slotPatience()).isEqualTo(Duration.ofSeconds(9));
    assertThat(lines.file().getFileName()).hasToString("flink-conf.yaml");

    Files.delete(users.resolve("flink-conf.yaml"));
    Files.writeString(users.resolve("config.yaml"), "rest: {port: 1\n");
    assertThatThrownBy(() -> FlinkConfiguration.of(users))
        .hasMessageContaining("the configuration of Flink cannot be read")
        .extracting(e -> ((ExportFailedException) e).kind())
        .isEqualTo(FailureKind.CONFIGURATION);
  }
}
