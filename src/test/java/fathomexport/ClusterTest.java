package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.simulator.world.World;
import fathomexport.testing.ClusterDrill;
import fathomexport.testing.FlinkCluster;
import fathomexport.testing.ForkedRun;
import fathomexport.testing.Installation;
import fathomexport.testing.Question;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A backfill on a Flink cluster of separate processes, with a worker or the manager killed, is
 * compared with the same backfill on the Direct Runner: {@code mvn -Pflink,cluster verify}.
 */
@Tag("cluster")
class ClusterTest {
  private static final int LANES = ClusterDrill.LANES;

  /** What the cluster's processes write stays here. */
  private static final Path LOGS = Path.of("target", "cluster", "logs").toAbsolutePath();

  private static final List<String> PROGRAM = ClusterDrill.program(384, List.of());

  /** Rows of the documented table. */
  private static final int ROWS = 8;

  @TempDir static Path directory;
  private static ClusterDrill drill;

  @BeforeAll
  static void direct() throws IOException {
    drill = new ClusterDrill(directory, "flink", FlinkCluster.LIBRARIES, "cluster", ROWS);
    drill.enter(1, "Direct Runner", "the measure", String.valueOf(drill.requests()));
  }

  @AfterAll
  static void close() throws IOException {
    if (drill != null) {
      drill.close();
    }
  }

  private static ClusterDrill.Place<FlinkCluster> place(String name) throws IOException {
    return drill.on(new FlinkCluster(LOGS.resolve(name)));
  }

  @Test
  void undisturbed() throws Exception {
    try (var place = place("undisturbed")) {
      Installation.Ended ended = place.withWorkers().run(PROGRAM);
      place.settle(2, "Flink, two workers", ended, drill.requests());
      assertThat(place.cluster().log("worker-1")).contains("WorkerLane - lane ");
      assertThat(place.cluster().log("worker-2")).contains("WorkerLane - lane ");
      assertThat(ended.out())
          .contains("requests  " + drill.requests())
          .contains("the job is submitted to the Flink cluster at " + place.cluster().master())
          .contains("lane 2 begins on worker ");
    }
  }

  @Test
  void withoutOperatorChaining() throws Exception {
    try (var place = place("unchained")) {
      Installation.Ended ended = place.withWorkers().run(PROGRAM, "--", "--operatorChaining=false");
      place.settle(3, "Flink, operator chaining off", ended, drill.requests());
    }
  }

  @Test
  void aWorkerIsKilledAtOneFifth() throws Exception {
    aWorkerIsKilled(20, 4);
  }

  @Test
  void aWorkerIsKilledAtFourFifths() throws Exception {
    aWorkerIsKilled(80, 5);
  }

  private static void aWorkerIsKilled(int percent, int row) throws Exception {
    try (var place = place("killed-" + percent)) {
      place.withWorkers();
      drill.disturbAt(percent, () -> killWorker(place));
      Installation.Ended ended = place.run(PROGRAM);
      place.settle(
          row, "Flink, a worker killed at " + percent + " %", ended, drill.requests() + LANES);
      assertThat(ended.said()).contains(" begins again on worker ");
    }
  }

  private static Object killWorker(ClusterDrill.Place<FlinkCluster> place)
      throws InterruptedException {
    place.cluster().killWorker(2);
    return place;
  }

  /** Flink without high availability has forgotten the job: the next start continues. */
  @Test
  void theManagerIsKilled() throws Exception {
    try (var place = place("manager")) {
      place.withWorkers();
      // Longer than the workers wait for their manager.
      drill.disturbAt(
          20,
          Duration.ofMillis(600),
          () -> {
            place.cluster().killManager();
            place.cluster().startManager();
            return null;
          });
      Installation.Ended ended = place.run(PROGRAM);
      place.endedWith(75, "Flink, the manager killed", ended);
      assertThat(ended.said()).contains("the cluster has forgotten the job", "windows left");
      place.cluster().awaitWorkers(2);
      drill.drill().api().behave(drill.drill().normal());
      place.settle(
          6,
          "Flink, the manager killed at 20 % (exit 75), and the run started again",
          place.run(PROGRAM),
          drill.requests() + 2 * LANES);
    }
  }

  @Test
  void aWorkerLacksTheSecret() throws Exception {
    try (var place = place("secret")) {
      place.withAWorkerThatLacksTheSecret();
      // Longer than the run takes to hear of that worker.
      drill.slow(Duration.ofMillis(500));
      Installation.Ended ended = place.run(PROGRAM);
      place.namesTheWorkerThatLacksTheSecret(ended);
      assertThat(ended.said()).containsPattern("lane \\d cannot be exported: ");
    }
  }

  /** The workers share the quota, and a dead worker's permits lapse: the API never refuses. */
  @Test
  void theQuotaHoldsIfAWorkerIsKilledAtOneFifth() throws Exception {
    theQuotaHolds(20, 7);
  }

  @Test
  void theQuotaHoldsIfAWorkerIsKilledAtFourFifths() throws Exception {
    theQuotaHolds(80, 8);
  }

  private static void theQuotaHolds(int percent, int row) throws Exception {
    try (var place = place("quota-" + percent)) {
      place.withWorkers().limitAndDisturbAt(percent, () -> killWorker(place));
      place.settle(
          row,
          "Flink, a worker killed at "
              + percent
              + " %, "
              + ClusterDrill.A_MINUTE
              + " requests per minute",
          place.run(PROGRAM),
          drill.requests() + LANES);
    }
  }

  /** As Flink's own client has it, a run would take an hour to find that out. */
  @Test
  void aClusterWithoutRoomIsNotWaitedForForever() throws Exception {
    try (var place = place("no-room")) {
      place.cluster().startManager();
      Path configuration = Files.createDirectories(directory.resolve("flink"));
      Files.writeString(configuration.resolve("config.yaml"), "slot.request.timeout: 15 s\n");
      Installation.Ended ended = place.run(PROGRAM, "--", "--flinkConfDir=" + configuration);
      place.foundNoRoom(ended);
      assertThat(ended.said())
          .contains("waiting for 2 slots of the Flink cluster at " + place.cluster().master())
          .contains("no TaskManager is registered")
          .contains("Start more TaskManagers");
      place.cluster().startWorker(1, place.variables());
      place.cluster().awaitWorkers(1);
      place.endedWith(0, "Flink, a worker started later", place.run(PROGRAM));
      place.trial().finish();
    }
  }

  @Test
  void aManagerThatIsAwayIsSaidInOneLine() throws Exception {
    try (var place = place("away")) {
      Installation.Ended ended = place.run(PROGRAM);
      assertThat(ended.code()).as(ended.said()).isEqualTo(75);
      assertThat(ended.said())
          .contains("the manager of the Flink cluster at " + place.cluster().master())
          .doesNotContain("\tat ");
    }
    assertThat(drill.drill().api().log().aggregations()).isEmpty();
  }

  @Test
  void whatCannotRunOnAClusterIsRefusedAtTheStart() throws Exception {
    drill.drill().api().log().clear();
    try (var place = place("refused")) {
      Installation there = place.trial().installation();
      assertRefused(there, "savepoint", "run", "all", "--", "--savepointPath=/tmp/sp");
      assertRefused(there, "--streaming", "run", "all", "--", "--streaming=true");
      assertRefused(there, "a snapshot takes seconds", "snapshot", "all", "--");
      there.settings(
          "api:\n  base_url: "
              + drill.drill().api().baseUri()
              + "\n  token: {env: FATHOM_API_TOKEN}\nparquet:\n  root: warehouse\n");
      there.pipeline(
          "files",
          "[" + World.BUSY_SITE + "]",
          "[parquet]",
          List.of(Question.pageviews("traffic_daily", "day")));
      assertRefused(there, "needs a database", "run", "files", "--");
      assertThat(drill.drill().api().log().aggregations()).isEmpty();
    }
  }

  private static void assertRefused(Installation there, String why, String... arguments)
      throws Exception {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--runner=FlinkRunner", "--flinkMaster=127.0.0.1:9"));
    try (ForkedRun run = ForkedRun.startBy(PROGRAM, there, all)) {
      Installation.Ended ended = run.await(300);
      assertThat(ended.code()).as(ended.said()).isEqualTo(78);
      assertThat(ended.said()).contains(why);
    }
  }

  @Test
  void aStopReachesTheWorkers() throws Exception {
    try (var place = place("stopped")) {
      place.withWorkers();
      drill.disturbAt(
          50,
          () -> {
            place.run().terminate();
            return null;
          });
      place.endedWith(143, "Flink, stopped", place.run(PROGRAM));
      assertThat(place.trial().asked()).isLessThan(drill.requests());
      place.trial().finish();
    }
  }
}
