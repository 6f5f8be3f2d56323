package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.world.World;
import fathomexport.testing.DocumentedTable;
import fathomexport.testing.FaultDrill;
import fathomexport.testing.ForkedRun;
import fathomexport.testing.Installation;
import fathomexport.testing.Later;
import fathomexport.testing.Question;
import fathomexport.testing.SparkCluster;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A backfill on Spark, with an executor or a whole worker killed, is compared with the same
 * backfill on the Direct Runner. The program is the packaged one: {@code mvn -Pspark,cluster
 * verify}.
 */
@Tag("cluster")
class SparkClusterTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 9, 1);
  private static final LocalDate LAST = LocalDate.of(2025, 12, 14);
  private static final int LANES = 2;
  private static final long SECONDS = 900;
  private static final Path PROGRAM = Path.of("target", "fathom-export.jar").toAbsolutePath();
  private static final Path BUILT_WITH = Path.of("target", "fathom-export.libraries");

  /** What the cluster's processes write stays here. */
  private static final Path LOGS = Path.of("target", "cluster", "logs-spark").toAbsolutePath();

  private static final List<Question> REPORTS =
      List.of(
          Question.pageviews("traffic_daily", "day"),
          Question.pageviews("pages_daily", "day", "hostname", "pathname"),
          Question.pageviews("browsers_daily", "day", "browser"));

  private static final String SITES =
      "[" + World.BUSY_SITE + ", " + World.BURST_SITE + ", INDCRFTS, KTMTRAIL]";

  /** Short windows, so that each takes one request. */
  private static final String MORE_OF_API = "  max_in_flight: " + LANES + "\n  max_range_days: 7\n";

  private static final List<String> HEADER =
      List.of("run", "rows and hashes", "requests", "429s", "exit");

  /** Of the table, if all tests have passed. */
  private static final int ROWS = 8;

  private static final Map<String, List<String>> TABLE = new TreeMap<>();

  @TempDir static Path directory;
  private static FaultDrill drill;

  @BeforeAll
  static void direct() throws IOException {
    assumeTrue(
        Files.isDirectory(SparkCluster.LIBRARIES)
            && Files.isRegularFile(PROGRAM)
            && Files.readString(BUILT_WITH).strip().equals("lib-spark"),
        "the program for Spark is not there: mvn -Pspark,cluster verify");
    drill =
        new FaultDrill(
            directory, World.dozen(31, FIRST, LAST, 0), FIRST, LAST, SITES, MORE_OF_API, REPORTS);
  }

  @AfterAll
  static void close() throws IOException {
    if (drill == null) {
      return;
    }
    drill.close();
    if (TABLE.size() == ROWS) {
      new DocumentedTable(Path.of("docs/cluster.md"), "spark")
          .hasRows(HEADER, List.copyOf(TABLE.values()));
    }
  }

  /** A run, and what it runs on. */
  private static final class Place implements AutoCloseable {
    private final FaultDrill.Trial trial = drill.trial();
    private final SparkCluster cluster;
    private @Nullable ForkedRun run;

    Place(String name) throws IOException {
      cluster = new SparkCluster(LOGS.resolve(name));
    }

    Place withWorkers() throws IOException, InterruptedException {
      return withWorkers(trial.installation().variables());
    }

    Place withWorkers(Map<String, String> second) throws IOException, InterruptedException {
      cluster.startMaster();
      cluster.startWorker(1, trial.installation().variables());
      cluster.startWorker(2, second);
      return this;
    }

    ForkedRun start(String master) {
      List<String> command = new ArrayList<>(List.of("env"));
      cluster.variables().forEach((name, value) -> command.add(name + "=" + value));
      command.addAll(
          List.of(
              Path.of(System.getProperty("java.home"), "bin", "java").toString(),
              "-Xmx512m",
              "-XX:+UseSerialGC",
              "-XX:TieredStopAtLevel=1",
              "-Dspark.executor.memory=512m",
              "-Dspark.driver.host=127.0.0.1"));
      for (String opened : List.of("java.lang.invoke", "java.nio", "java.util", "sun.nio.ch")) {
        command.add("--add-opens=java.base/" + opened + "=ALL-UNNAMED");
      }
      command.addAll(List.of("-jar", PROGRAM.toString()));
      run = trial.forkBy(command, List.of("--", "--runner=SparkRunner", "--sparkMaster=" + master));
      return run;
    }

    /** The rows, files and ledger are those of the Direct Runner. */
    void settle(int order, String row, Installation.Ended ended, int most) {
      trial.ended(row, String.valueOf(ended.code()));
      assertThat(ended.out()).containsPattern("windows +([0-9,]+) planned, \\1 committed");
      int requests = trial.asked();
      int refused = drill.api().log().tooMany().size();
      assertThat(ended.code()).as(ended.said()).isZero();
      assertThat(requests).isBetween(drill.requests(), most);
      assertThat(refused).as("answers of 429").isZero();
      trial.finish();
      assertThat(trial.asked()).as("nothing was left to the next run").isEqualTo(requests);
      TABLE.put(
          String.valueOf(order),
          List.of(row, "equal", (most == drill.requests() ? "" : "at most ") + most, "0", "0"));
    }

    @Override
    public void close() {
      if (run != null) {
        run.close();
      }
      cluster.close();
      trial.close();
    }
  }

  private static final String WITHIN_THE_PROCESS = "local-cluster[2,1,1024]";

  /**
   * Has the API answer slowly enough that a run can be disturbed, and does so at a request.
   *
   * @param disturbance takes the process of the run
   */
  private static AtomicLong disturbAt(int percent, LongConsumer disturbance) {
    AtomicLong process = new AtomicLong();
    AtomicBoolean done = new AtomicBoolean();
    int request = drill.requests() * percent / 100;
    drill
        .api()
        .behave(
            drill
                .normal()
                .withFault(
                    FaultRule.when(
                        r -> {
                          if (r.aggregation() >= request && done.compareAndSet(false, true)) {
                            Later.after(
                                0,
                                () -> {
                                  disturbance.accept(process.get());
                                  return null;
                                });
                          }
                          return r.aggregation() > 0;
                        },
                        new Fault.Delay(Duration.ofMillis(150)))));
    return process;
  }

  @Test
  void undisturbed() throws Exception {
    try (Place place = new Place("undisturbed").withWorkers()) {
      Installation.Ended ended = place.start(place.cluster.master()).await(SECONDS);
      place.settle(1, "Spark, a master and two workers", ended, drill.requests());
      assertThat(place.cluster.executorLogs(1)).contains("WorkerLane: lane ");
      assertThat(place.cluster.executorLogs(2)).contains("WorkerLane: lane ");
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

  private static void anExecutorIsKilled(int order, int percent) throws Exception {
    try (Place place = new Place("killed-" + percent).withWorkers()) {
      var unused = disturbAt(percent, process -> place.cluster.killExecutor(2));
      Installation.Ended ended = place.start(place.cluster.master()).await(SECONDS);
      place.settle(
          order, "Spark, an executor killed at " + percent + " %", ended, drill.requests() + 1);
      assertThat(ended.said()).containsOnlyOnce(" begins again on worker ");
    }
  }

  /** The lane goes on where the other one has ended. */
  @Test
  void aWorkerIsKilledWithItsExecutor() throws Exception {
    try (Place place = new Place("worker").withWorkers()) {
      var unused =
          disturbAt(
              20,
              process -> {
                try {
                  place.cluster.killWorker(2);
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              });
      Installation.Ended ended = place.start(place.cluster.master()).await(SECONDS);
      place.settle(
          4, "Spark, a worker killed with its executor at 20 %", ended, drill.requests() + 1);
    }
  }

  /** The executors and the run do not need it once they have found each other. */
  @Test
  void theMasterIsKilled() throws Exception {
    try (Place place = new Place("master").withWorkers()) {
      var unused =
          disturbAt(
              20,
              process -> {
                try {
                  place.cluster.killMaster();
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              });
      Installation.Ended ended = place.start(place.cluster.master()).await(SECONDS);
      place.settle(8, "Spark, the master killed at 20 %", ended, drill.requests());
    }
  }

  @Test
  void withinTheProcess() throws Exception {
    try (Place place = new Place("local")) {
      Installation.Ended ended = place.start(WITHIN_THE_PROCESS).await(SECONDS);
      place.settle(5, "Spark, `local-cluster`", ended, drill.requests());
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

  private static void anExecutorWithinTheProcessIsKilled(int order, int percent) throws Exception {
    try (Place place = new Place("local-killed-" + percent)) {
      AtomicLong process =
          disturbAt(percent, pid -> SparkCluster.killOne(ProcessHandle.of(pid).orElseThrow()));
      ForkedRun run = place.start(WITHIN_THE_PROCESS);
      process.set(run.pid());
      place.settle(
          order,
          "Spark, `local-cluster`, an executor killed at " + percent + " %",
          run.await(SECONDS),
          drill.requests() + 1);
    }
  }

  @Test
  void aWorkerLacksTheSecret() throws Exception {
    try (Place place = new Place("secret")) {
      Map<String, String> without = new HashMap<>(place.trial.installation().variables());
      without.remove(TestDatabase.PASSWORD_VARIABLE);
      var unused = disturbAt(0, process -> {});
      Installation.Ended ended =
          place.withWorkers(without).start(place.cluster.master()).await(SECONDS);
      place.trial.ended("Spark, a worker without a secret", String.valueOf(ended.code()));
      assertThat(ended.code()).as(ended.said()).isEqualTo(77);
      assertThat(ended.said())
          .contains(TestDatabase.PASSWORD_VARIABLE)
          .contains("a worker of the cluster lacks a secret")
          .contains("on worker " + InetAddress.getLocalHost().getHostName() + ", process ");
    }
  }

  @Test
  void aStopEndsTheWorkersToo() throws Exception {
    try (Place place = new Place("stopped").withWorkers()) {
      AtomicLong process = disturbAt(20, pid -> ProcessHandle.of(pid).orElseThrow().destroy());
      ForkedRun run = place.start(place.cluster.master());
      process.set(run.pid());
      Installation.Ended ended = run.await(SECONDS);
      place.trial.ended("Spark, stopped", String.valueOf(ended.code()));
      assertThat(ended.code()).as(ended.said()).isEqualTo(143);
      place.trial.finish();
      assertThat(place.trial.asked()).as("no request is lost").isEqualTo(drill.requests());
    }
  }

  @Test
  void aMasterThatIsAwayIsSaidInOneLine() throws Exception {
    try (Place place = new Place("away")) {
      Installation.Ended ended = place.start(place.cluster.master()).await(SECONDS);
      assertThat(ended.code()).as(ended.said()).isEqualTo(75);
      assertThat(ended.said())
          .contains("the manager of the Spark cluster at 127.0.0.1:")
          .contains("(--sparkMaster) does not answer");
    }
  }
}
