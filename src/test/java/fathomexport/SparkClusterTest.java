package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.testing.ClusterDrill;
import fathomexport.testing.Installation;
import fathomexport.testing.SparkCluster;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A backfill on Spark, with an executor or a whole worker killed, is compared with the same
 * backfill on the Direct Runner: {@code mvn -Pspark,cluster verify}.
 */
@Tag("cluster")
class SparkClusterTest {
  /** What the cluster's processes write stays here. */
  private static final Path LOGS = Path.of("target", "cluster", "logs-spark").toAbsolutePath();

  private static final List<String> SMALL =
      List.of("-Dspark.executor.memory=512m", "-Dspark.driver.host=127.0.0.1");

  private static final List<String> PROGRAM = program();

  /** Starts the program as a person does: it opens packages of Java to Spark by itself. */
  private static final List<String> LAUNCHER =
      List.of(
          "FATHOM_EXPORT_JAVA_OPTS=-Xmx512m " + String.join(" ", SMALL),
          Path.of("fathom-export").toAbsolutePath().toString());

  /** Rows of the documented table. */
  private static final int ROWS = 11;

  @TempDir static Path directory;
  private static ClusterDrill drill;

  @BeforeAll
  static void direct() throws IOException {
    drill = new ClusterDrill(directory, "spark", SparkCluster.LIBRARIES, "spark", ROWS);
  }

  @AfterAll
  static void close() throws IOException {
    if (drill != null) {
      drill.close();
    }
  }

  private static List<String> program() {
    List<String> options = new ArrayList<>(SMALL);
    for (String opened : List.of("java.lang.invoke", "java.nio", "java.util", "sun.nio.ch")) {
      options.add("--add-opens=java.base/" + opened + "=ALL-UNNAMED");
    }
    return ClusterDrill.program(512, options);
  }

  private static ClusterDrill.Place<SparkCluster> place(String name) throws IOException {
    return drill.on(new SparkCluster(LOGS.resolve(name)));
  }

  private static ClusterDrill.Place<SparkCluster> withinTheRun(String name) throws IOException {
    return drill.on(SparkCluster.withinTheRun(LOGS.resolve(name)));
  }

  @Test
  void undisturbed() throws Exception {
    try (var place = place("undisturbed")) {
      Installation.Ended ended = place.withWorkers().run(PROGRAM);
      place.settle(1, "Spark, a master and two workers", ended, drill.requests());
      assertThat(place.cluster().executorLogs(1)).contains("WorkerLane: lane ");
      assertThat(place.cluster().executorLogs(2)).contains("WorkerLane: lane ");
      assertThat(ended.out())
          .contains("requests  " + drill.requests())
          .contains("the job is submitted to the Spark cluster at 127.0.0.1:")
          .contains("lane 2 begins on worker ");
    }
  }

  @Test
  void anExecutorIsKilledAtOneFifth() throws Exception {
    anExecutorIsKilled(2, 20);
  }

  @Test
  void anExecutorIsKilledAtFourFifths() throws Exception {
    anExecutorIsKilled(3, 80);
  }

  private static void anExecutorIsKilled(int row, int percent) throws Exception {
    try (var place = place("killed-" + percent)) {
      place.withWorkers();
      drill.disturbAt(percent, killExecutor(place));
      Installation.Ended ended = place.run(PROGRAM);
      place.settle(
          row, "Spark, an executor killed at " + percent + " %", ended, drill.requests() + 1);
      assertThat(ended.said()).containsOnlyOnce(" begins again on worker ");
    }
  }

  private static Callable<?> killExecutor(ClusterDrill.Place<SparkCluster> place) {
    return () -> {
      place.cluster().killExecutor(2);
      return null;
    };
  }

  /** The lane goes on where the other one has ended. */
  @Test
  void aWorkerIsKilledWithItsExecutor() throws Exception {
    try (var place = place("worker")) {
      place.withWorkers();
      drill.disturbAt(
          20,
          () -> {
            place.cluster().killWorker(2);
            return null;
          });
      place.settle(
          4,
          "Spark, a worker killed with its executor at 20 %",
          place.run(PROGRAM),
          drill.requests() + 1);
    }
  }

  /** The executors and the run do not need it once they have found each other. */
  @Test
  void theMasterIsKilled() throws Exception {
    try (var place = place("master")) {
      place.withWorkers();
      drill.disturbAt(
          20,
          () -> {
            place.cluster().killManager();
            return null;
          });
      place.settle(8, "Spark, the master killed at 20 %", place.run(PROGRAM), drill.requests());
    }
  }

  @Test
  void withinTheProcess() throws Exception {
    try (var place = withinTheRun("local")) {
      place.settle(5, "Spark, `local-cluster`", place.run(PROGRAM), drill.requests());
    }
  }

  @Test
  void anExecutorWithinTheProcessIsKilledAtOneFifth() throws Exception {
    anExecutorWithinTheProcessIsKilled(6, 20);
  }

  @Test
  void anExecutorWithinTheProcessIsKilledAtFourFifths() throws Exception {
    anExecutorWithinTheProcessIsKilled(7, 80);
  }

  private static void anExecutorWithinTheProcessIsKilled(int row, int percent) throws Exception {
    try (var place = withinTheRun("local-killed-" + percent)) {
      drill.disturbAt(
          percent,
          () -> {
            SparkCluster.killOne(ProcessHandle.of(place.run().pid()).orElseThrow());
            return null;
          });
      place.settle(
          row,
          "Spark, `local-cluster`, an executor killed at " + percent + " %",
          place.run(PROGRAM),
          drill.requests() + 1);
    }
  }

  /** The executors share the quota, and a dead one's permits lapse: the API never refuses. */
  @Test
  void theQuotaHoldsIfAnExecutorIsKilled() throws Exception {
    try (var place = place("quota")) {
      place.withWorkers().limitAndDisturbAt(20, killExecutor(place));
      place.settle(
          9,
          "Spark, an executor killed at 20 %, " + ClusterDrill.A_MINUTE + " requests per minute",
          place.run(PROGRAM),
          drill.requests() + 1);
    }
  }

  @Test
  void aBudgetIsOfAllExecutorsTogether() throws Exception {
    int most = drill.requests() / 3;
    try (var place = place("budget")) {
      drill.slow(Duration.ofMillis(150));
      Installation.Ended ended =
          place.withWorkers().run(PROGRAM, "--max-requests", String.valueOf(most));
      place.endedWith(75, "Spark, a budget", ended);
      assertThat(place.trial().asked()).isEqualTo(most);
      assertThat(ended.said())
          .contains(
              "of the " + most + " requests that the run may send, 0 are left", "windows left");
      assertThat(place.cluster().executorLogs(1)).contains("WorkerLane: lane ");
      assertThat(place.cluster().executorLogs(2)).contains("WorkerLane: lane ");
      place.settle(
          10,
          "Spark, the budget of `--max-requests` spent at a third (exit 75), and the run started"
              + " again",
          place.run(PROGRAM),
          drill.requests());
    }
  }

  /**
   * A master whose workers have no free core: another program has them, or there are none. On Spark
   * this takes five minutes.
   */
  @Test
  void aClusterWithoutRoomIsNotWaitedForForever() throws Exception {
    try (var place = place("no-room")) {
      place.cluster().startManager();
      Installation.Ended ended = place.run(PROGRAM);
      place.foundNoRoom(ended);
      assertThat(ended.said())
          .contains("waiting for free cores, or until the workers have loaded the program")
          .contains("Start more workers, or end other jobs");
      place.cluster().startWorker(1, place.variables());
      place.cluster().awaitWorkers(1);
      place.endedWith(0, "Spark, a worker started later", place.run(PROGRAM));
      place.trial().finish();
    }
  }

  @Test
  void startedByTheLauncher() throws Exception {
    try (var place = place("launcher")) {
      Installation.Ended ended = place.withWorkers().run(LAUNCHER);
      place.settle(11, "Spark, started by `./fathom-export`", ended, drill.requests());
    }
  }

  @Test
  void aWorkerLacksTheSecret() throws Exception {
    try (var place = place("secret")) {
      place.withAWorkerThatLacksTheSecret();
      drill.slow(Duration.ofMillis(150));
      place.namesTheWorkerThatLacksTheSecret(place.run(PROGRAM));
    }
  }

  @Test
  void aStopEndsTheWorkersToo() throws Exception {
    try (var place = place("stopped")) {
      place.withWorkers();
      drill.disturbAt(
          20,
          () -> {
            place.run().terminate();
            return null;
          });
      place.endedWith(143, "Spark, stopped", place.run(PROGRAM));
      place.trial().finish();
      assertThat(place.trial().asked()).as("no request is lost").isEqualTo(drill.requests());
    }
  }

  @Test
  void aMasterThatIsAwayIsSaidInOneLine() throws Exception {
    try (var place = place("away")) {
      Installation.Ended ended = place.run(PROGRAM);
      assertThat(ended.code()).as(ended.said()).isEqualTo(75);
      assertThat(ended.said())
          .contains("the manager of the Spark cluster at 127.0.0.1:")
          .contains("(--sparkMaster) does not answer");
    }
  }
}
