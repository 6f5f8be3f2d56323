package fathomexport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.Quota;
import fathomexport.simulator.world.World;
import fathomexport.testing.DocumentedTable;
import fathomexport.testing.FaultDrill;
import fathomexport.testing.FlinkCluster;
import fathomexport.testing.ForkedRun;
import fathomexport.testing.Installation;
import fathomexport.testing.Later;
import fathomexport.testing.Question;
import fathomexport.testing.TestDatabase;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A backfill on a Flink cluster of separate processes, with a worker or the manager killed, is
 * compared with the same backfill on the Direct Runner. The program is the packaged one: {@code mvn
 * -Pflink,cluster verify}.
 */
@Tag("cluster")
class ClusterTest {
  private static final LocalDate FIRST = LocalDate.of(2025, 9, 1);
  private static final LocalDate LAST = LocalDate.of(2025, 12, 14);
  private static final int LANES = 2;
  private static final long MINUTES = 5;
  private static final Path PROGRAM = Path.of("target", "fathom-export.jar").toAbsolutePath();
  private static final Path BUILT_WITH = Path.of("target", "fathom-export.libraries");
  private static final Path SHIPPED =
      Path.of("target", "fathom-export-cluster.jar").toAbsolutePath();

  /** What the cluster's processes write stays here. */
  private static final Path LOGS = Path.of("target", "cluster", "logs").toAbsolutePath();

  private static final List<String> JAVA =
      List.of(
          Path.of(System.getProperty("java.home"), "bin", "java").toString(),
          "-Xmx384m",
          "-XX:+UseSerialGC",
          "-XX:TieredStopAtLevel=1",
          "-jar",
          PROGRAM.toString());

  private static final List<Question> REPORTS =
      List.of(
          Question.pageviews("traffic_daily", "day"),
          Question.pageviews("pages_daily", "day", "hostname", "pathname"),
          Question.pageviews("browsers_daily", "day", "browser"));

  private static final String SITES =
      "[" + World.BUSY_SITE + ", " + World.BURST_SITE + ", INDCRFTS, KTMTRAIL]";

  /** Short windows, so that each takes one request. */
  private static final String MORE_OF_API = "  max_in_flight: " + LANES + "\n  max_range_days: 7\n";

  /** The API's quota in one case: the run has to wait for it. */
  private static final int A_MINUTE = 120;

  private static final List<String> HEADER =
      List.of("run", "rows and hashes", "requests", "429s", "exit");

  /** The rows of the documented table, in its order. */
  private enum Row {
    DIRECT("Direct Runner"),
    UNDISTURBED("Flink, two workers"),
    UNCHAINED("Flink, operator chaining off"),
    KILLED_AT_20("Flink, a worker killed at 20 %"),
    KILLED_AT_80("Flink, a worker killed at 80 %"),
    MANAGER_KILLED("Flink, the manager killed at 20 % (exit 75), and the run started again"),
    QUOTA_AT_20("Flink, a worker killed at 20 %, " + A_MINUTE + " requests per minute"),
    QUOTA_AT_80("Flink, a worker killed at 80 %, " + A_MINUTE + " requests per minute");

    private final String run;

    Row(String run) {
      this.run = run;
    }
  }

  /** What the tests have measured, in whichever order they ran. */
  private static final Map<Row, List<String>> TABLE = new EnumMap<>(Row.class);

  @TempDir static Path directory;
  private static FaultDrill drill;

  @BeforeAll
  static void direct() throws IOException {
    assumeTrue(
        Files.isDirectory(FlinkCluster.LIBRARIES)
            && Files.isRegularFile(SHIPPED)
            && Files.readString(BUILT_WITH).strip().equals("lib-flink"),
        "the cluster's libraries are not there: mvn -Pflink,cluster verify");
    drill =
        new FaultDrill(
            directory, World.dozen(31, FIRST, LAST, 0), FIRST, LAST, SITES, MORE_OF_API, REPORTS);
    assertThat(drill.api().log().tooMany()).isEmpty();
    enter(Row.DIRECT, "the measure", String.valueOf(drill.requests()));
  }

  @AfterAll
  static void close() throws IOException {
    if (drill == null) {
      return;
    }
    drill.close();
    if (TABLE.size() == Row.values().length) {

      new DocumentedTable(Path.of("docs/cluster.md"), "cluster")
          .hasRows(HEADER, new ArrayList<>(TABLE.values()));
    }
  }

  private static void enter(Row row, String comparison, String requests) {
    TABLE.put(row, List.of(row.run, comparison, requests, "0", "0"));
  }

  private static FlinkCluster start(String name, Map<String, String> variables)
      throws IOException, InterruptedException {
    return start(name, variables, variables);
  }

  private static FlinkCluster start(
      String name, Map<String, String> first, Map<String, String> second)
      throws IOException, InterruptedException {
    FlinkCluster cluster = new FlinkCluster(LOGS.resolve(name));
    boolean started = false;
    try {
      cluster.startManager();
      cluster.startWorker(1, first);
      cluster.startWorker(2, second);
      cluster.awaitWorkers(2);
      started = true;
      return cluster;
    } finally {
      if (!started) {
        cluster.close();
      }
    }
  }

  private static ForkedRun fork(
      FaultDrill.Trial trial, FlinkCluster cluster, List<String> moreOptions) {
    List<String> options =
        new ArrayList<>(List.of("--", "--runner=FlinkRunner", "--flinkMaster=" + cluster.master()));
    options.addAll(moreOptions);
    return trial.forkBy(JAVA, options);
  }

  /** Has the API answer slowly enough that a run can be disturbed, and does so at a request. */
  private static void disturbAt(int request, Callable<?> disturbance) {
    disturbAt(drill.normal(), request, Duration.ofMillis(150), disturbance);
  }

  private static void disturbAt(
      Behaviour normal, int request, Duration answerTime, Callable<?> disturbance) {
    AtomicBoolean done = new AtomicBoolean();
    drill
        .api()
        .behave(
            normal.withFault(
                FaultRule.when(
                    r -> {
                      if (r.aggregation() >= request && done.compareAndSet(false, true)) {
                        Later.after(0, disturbance);
                      }
                      return r.aggregation() > 0;
                    },
                    new Fault.Delay(answerTime))));
  }

  private static void settle(Row row, FaultDrill.Trial trial, Installation.Ended ended, int most) {
    trial.ended(row.run, String.valueOf(ended.code()));
    assertThat(ended.out()).containsPattern("windows +([0-9,]+) planned, \\1 committed");
    int requests = trial.asked();
    assertThat(ended.code()).as(ended.said()).isZero();
    assertThat(requests).isBetween(drill.requests(), most);
    assertThat(drill.api().log().tooMany()).as("answers of 429").isEmpty();
    trial.finish();
    assertThat(trial.asked()).as("nothing was left to the next run").isEqualTo(requests);
    enter(row, "equal", (most == drill.requests() ? "" : "at most ") + most);
  }

  @Test
  void undisturbed() throws Exception {
    try (FaultDrill.Trial trial = drill.trial();
        FlinkCluster cluster = start("undisturbed", trial.installation().variables());
        ForkedRun run = fork(trial, cluster, List.of())) {
      Installation.Ended ended = run.await(MINUTES * 60);
      settle(Row.UNDISTURBED, trial, ended, drill.requests());
      assertThat(cluster.log("worker-1")).contains("WorkerLane - lane ");
      assertThat(cluster.log("worker-2")).contains("WorkerLane - lane ");
      assertThat(ended.out())
          .contains("requests  " + drill.requests())
          .contains("the job is submitted to the Flink cluster at " + cluster.master())
          .contains("lane 2 begins on worker ");
    }
  }

  @Test
  void withoutOperatorChaining() throws Exception {
    try (FaultDrill.Trial trial = drill.trial();
        FlinkCluster cluster = start("unchained", trial.installation().variables());
        ForkedRun run = fork(trial, cluster, List.of("--operatorChaining=false"))) {
      settle(Row.UNCHAINED, trial, run.await(MINUTES * 60), drill.requests());
    }
  }

  @Test
  void aWorkerIsKilledAtOneFifth() throws Exception {
    aWorkerIsKilled(20, Row.KILLED_AT_20);
  }

  @Test
  void aWorkerIsKilledAtFourFifths() throws Exception {
    aWorkerIsKilled(80, Row.KILLED_AT_80);
  }

  private static void aWorkerIsKilled(int percent, Row row) throws Exception {
    try (FaultDrill.Trial trial = drill.trial();
        FlinkCluster cluster = start("killed-" + percent, trial.installation().variables())) {
      disturbAt(
          drill.requests() * percent / 100,
          () -> {
            cluster.killWorker(2);
            return null;
          });
      try (ForkedRun run = fork(trial, cluster, List.of())) {
        Installation.Ended ended = run.await(MINUTES * 60);
        settle(row, trial, ended, drill.requests() + LANES);
        assertThat(ended.said()).contains(" begins again on worker ");
      }
    }
  }

  /** Flink without high availability has forgotten the job: the next start continues. */
  @Test
  void theManagerIsKilled() throws Exception {
    try (FaultDrill.Trial trial = drill.trial();
        FlinkCluster cluster = start("manager", trial.installation().variables())) {
      // Longer than the workers wait for their manager.
      disturbAt(
          drill.normal(),
          drill.requests() / 5,
          Duration.ofMillis(600),
          () -> {
            cluster.killManager();
            cluster.startManager();
            return null;
          });
      try (ForkedRun run = fork(trial, cluster, List.of())) {
        Installation.Ended ended = run.await(MINUTES * 60);
        trial.ended("Flink, the manager killed", String.valueOf(ended.code()));
        assertThat(ended.code()).as(ended.said()).isEqualTo(75);
        assertThat(ended.said()).contains("the cluster has forgotten the job", "windows left");
      }
      cluster.awaitWorkers(2);
      drill.api().behave(drill.normal());
      try (ForkedRun run = fork(trial, cluster, List.of())) {
        Installation.Ended ended = run.await(MINUTES * 60);
        settle(Row.MANAGER_KILLED, trial, ended, drill.requests() + 2 * LANES);
      }
    }
  }

  @Test
  void aWorkerLacksTheSecret() throws Exception {
    try (FaultDrill.Trial trial = drill.trial()) {
      Map<String, String> without = new HashMap<>(trial.installation().variables());
      without.remove(TestDatabase.PASSWORD_VARIABLE);
      // Longer than the run takes to hear of that worker.
      drill
          .api()
          .behave(
              drill
                  .normal()
                  .withFault(
                      FaultRule.when(
                          r -> r.aggregation() > 0, new Fault.Delay(Duration.ofMillis(500)))));
      try (FlinkCluster cluster = start("secret", trial.installation().variables(), without);
          ForkedRun run = fork(trial, cluster, List.of())) {
        Installation.Ended ended = run.await(MINUTES * 60);
        trial.ended("Flink, a worker without a secret", String.valueOf(ended.code()));
        assertThat(ended.code()).as(ended.said()).isEqualTo(77);
        assertThat(ended.said())
            .contains(TestDatabase.PASSWORD_VARIABLE)
            .contains("a worker of the cluster lacks a secret")
            .containsPattern("lane \\d cannot be exported: ")
            .contains("on worker " + InetAddress.getLocalHost().getHostName() + ", process ");
      }
    }
  }

  /** The workers share the quota, and a dead worker's permits lapse: the API never refuses. */
  @Test
  void theQuotaHoldsIfAWorkerIsKilledAtOneFifth() throws Exception {
    theQuotaHolds(20, Row.QUOTA_AT_20);
  }

  @Test
  void theQuotaHoldsIfAWorkerIsKilledAtFourFifths() throws Exception {
    theQuotaHolds(80, Row.QUOTA_AT_80);
  }

  private static void theQuotaHolds(int percent, Row row) throws Exception {
    try (FaultDrill.Trial trial = drill.trial();
        FlinkCluster cluster = start("quota-" + percent, trial.installation().variables())) {
      trial.installation().settings(1_000, A_MINUTE, MORE_OF_API);
      disturbAt(
          drill.normal().withReportsQuota(Quota.aMinute(Quota.Model.SLIDING, A_MINUTE)),
          drill.requests() * percent / 100,
          Duration.ofMillis(150),
          () -> {
            cluster.killWorker(2);
            return null;
          });
      try (ForkedRun run = fork(trial, cluster, List.of())) {
        settle(row, trial, run.await(MINUTES * 60), drill.requests() + LANES);
      }
    }
  }

  /** As Flink's own client has it, a run would take an hour to find that out. */
  @Test
  void aClusterWithoutRoomIsNotWaitedForForever() throws Exception {
    try (FaultDrill.Trial trial = drill.trial();
        FlinkCluster cluster = new FlinkCluster(LOGS.resolve("no-room"))) {
      cluster.startManager();
      Path configuration = Files.createDirectories(directory.resolve("flink"));
      Files.writeString(configuration.resolve("config.yaml"), "slot.request.timeout: 15 s\n");
      try (ForkedRun run = fork(trial, cluster, List.of("--flinkConfDir=" + configuration))) {
        Installation.Ended ended = run.await(MINUTES * 60);
        trial.ended("Flink without a worker", String.valueOf(ended.code()));
        assertThat(ended.code()).as(ended.said()).isEqualTo(75);
        assertThat(ended.said())
            .contains("2 lanes wait for workers")
            .contains("waiting for 2 slots of the Flink cluster at " + cluster.master())
            .contains("no TaskManager is registered")
            .contains("Start more TaskManagers")
            .contains("windows left");
      }
      cluster.startWorker(1, trial.installation().variables());
      cluster.awaitWorkers(1);
      try (ForkedRun run = fork(trial, cluster, List.of())) {
        Installation.Ended ended = run.await(MINUTES * 60);
        trial.ended("Flink, a worker started later", String.valueOf(ended.code()));
        assertThat(ended.code()).as(ended.said()).isZero();
        trial.finish();
      }
    }
  }

  @Test
  void aManagerThatIsAwayIsSaidInOneLine() throws Exception {
    try (FaultDrill.Trial trial = drill.trial();
        FlinkCluster cluster = new FlinkCluster(LOGS.resolve("away"));
        ForkedRun run = fork(trial, cluster, List.of())) {
      Installation.Ended ended = run.await(MINUTES * 60);
      assertThat(ended.code()).as(ended.said()).isEqualTo(75);
      assertThat(ended.said())
          .contains("the manager of the Flink cluster at " + cluster.master())
          .doesNotContain("\tat ");
    }
    assertThat(drill.api().log().aggregations()).isEmpty();
  }

  @Test
  void whatCannotRunOnAClusterIsRefusedAtTheStart() throws Exception {
    drill.api().log().clear();
    try (FaultDrill.Trial trial = drill.trial()) {
      Installation there = trial.installation();
      assertRefused(there, "savepoint", "run", "all", "--", "--savepointPath=/tmp/sp");
      assertRefused(there, "--streaming", "run", "all", "--", "--streaming=true");
      assertRefused(there, "a snapshot takes seconds", "snapshot", "all", "--");
      there.settings(
          "api:\n  base_url: "
              + drill.api().baseUri()
              + "\n  token: {env: FATHOM_API_TOKEN}\nparquet:\n  root: warehouse\n");
      there.pipeline("files", SITES, "[parquet]", REPORTS);
      assertRefused(there, "needs a database", "run", "files", "--");
      assertThat(drill.api().log().aggregations()).isEmpty();
    }
  }

  private static void assertRefused(Installation there, String why, String... arguments)
      throws Exception {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--runner=FlinkRunner", "--flinkMaster=127.0.0.1:9"));
    try (ForkedRun run = ForkedRun.startBy(JAVA, there, all)) {
      Installation.Ended ended = run.await(MINUTES * 60);
      assertThat(ended.code()).as(ended.said()).isEqualTo(78);
      assertThat(ended.said()).contains(why);
    }
  }

  @Test
  void aStopReachesTheWorkers() throws Exception {
    try (FaultDrill.Trial trial = drill.trial();
        FlinkCluster cluster = start("stopped", trial.installation().variables())) {
      AtomicReference<@Nullable ForkedRun> started = new AtomicReference<>();
      disturbAt(
          drill.requests() / 2,
          () -> {
            Objects.requireNonNull(started.get()).terminate();
            return null;
          });
      try (ForkedRun run = fork(trial, cluster, List.of())) {
        started.set(run);
        Installation.Ended ended = run.await(MINUTES * 60);
        trial.ended("Flink, stopped", String.valueOf(ended.code()));
        assertThat(ended.code()).as(ended.said()).isEqualTo(143);
        int asked = trial.asked();
        assertThat(asked).isLessThan(drill.requests());
        trial.finish();
      }
    }
  }
}
