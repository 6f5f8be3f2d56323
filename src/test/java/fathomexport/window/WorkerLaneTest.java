package fathomexport.window;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.api.ApiSettings;
import fathomexport.api.pacing.StopSignal;
import fathomexport.api.pacing.TimeSource;
import fathomexport.cluster.RunBoard;
import fathomexport.cluster.RunWatch;
import fathomexport.cluster.WorkerReports;
import fathomexport.plan.FetchTask;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.SecretRef;
import fathomexport.run.Budget;
import fathomexport.run.ExportSpec;
import fathomexport.run.FailureKind;
import fathomexport.run.Left;
import fathomexport.run.RunEnvironment;
import fathomexport.run.RunListener;
import fathomexport.run.RunSummary;
import fathomexport.run.WindowOutcome;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.sink.parquet.file.FileLocks;
import fathomexport.testing.TestDatabase;
import fathomexport.testing.TestReports;
import fathomexport.testing.TestTasks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Lanes as the workers of a cluster export them, and the process that was started sees them. */
class WorkerLaneTest {
  private static final String TOKEN = "FATHOM_API_TOKEN";
  private static final LocalDate FIRST = LocalDate.of(2025, 9, 1);
  private static final LocalDate LAST = LocalDate.of(2025, 9, 3);
  private static final Report REPORT = TestReports.traffic();
  private static final Report PAGES = TestReports.pages();
  private static final int DAYS = 3;

  private final Map<String, String> variables = new HashMap<>();
  private final List<WindowOutcome> ended = new ArrayList<>();
  private final StopSignal stop = new StopSignal();
  private FathomSimulator api;
  private TestDatabase database;
  private @Nullable RunBoard board;

  @BeforeEach
  void start() throws IOException {
    api = FathomSimulator.start(World.dozen(41, FIRST, LAST, 0), Behaviour.unlimited());
    database = TestDatabase.migratedFor(REPORT, PAGES);
    variables.put(TOKEN, SimulatorToken.STANDARD.secret());
    variables.putAll(database.environment());
  }

  @AfterEach
  void close() {
    close(board);
    assertThat(database.query("SELECT run_id FROM fathom_ops.cluster_event")).isEmpty();
    database.close();
    api.close();
  }

  private static void close(@Nullable RunBoard open) {
    if (open != null) {
      open.end();
      open.close();
    }
  }

  private ExportSpec spec(Budget budget) {
    return Specs.toDatabase(
        ApiSettings.of(api.baseUri(), new SecretRef.Env(TOKEN)),
        2 * DAYS,
        database.settings(),
        budget);
  }

  private RunWatch watch(ExportSpec spec) {
    RunBoard opened = new RunBoard(database.settings(), variables, spec.runId());
    board = opened;
    opened.begin(spec.pipeline());
    return new RunWatch(
        opened,
        new RunEnvironment(variables, TimeSource.system(), stop, RunListener.NONE),
        spec.budget(),
        ended::add);
  }

  private static Lane lane(int number, String site) {
    List<FetchTask> tasks = new ArrayList<>();
    for (LocalDate day = FIRST; !day.isAfter(LAST); day = day.plusDays(1)) {
      tasks.add(TestTasks.of(site, REPORT, new DayRange(day, day)));
    }
    return new Lane(number, "", tasks);
  }

  private static final Lane ONE = lane(0, "LDNBOOKS");
  private static final Lane TWO = lane(1, "INDCRFTS");

  private Optional<WindowOutcome> export(ExportSpec spec, Lane lane) {
    return WorkerLane.export(spec, Set.of(), lane, variables, "host-" + (lane.number() + 1));
  }

  private int asked() {
    return api.log().aggregations().size();
  }

  /** A worker that stood still until another one had begun its lane again. */
  @Test
  void aWorkerThatWasOnlyCutOffEndsNothingButItself() throws InterruptedException {
    var spec = spec(Budget.UNLIMITED);
    RunWatch watch = watch(spec);
    RunBoard shared = Objects.requireNonNull(board);
    StopSignal ofLost = new StopSignal();
    StopSignal ofCurrent = new StopSignal();
    try (WorkerReports lost =
            Objects.requireNonNull(WorkerReports.begin(shared, 0, "host-1", ofLost));
        WorkerReports current =
            Objects.requireNonNull(WorkerReports.begin(shared, 0, "host-2", ofCurrent))) {
      // What ends the queries of a lane is reported, as its failures are.
      AtomicBoolean reported = new AtomicBoolean();
      lost.obey(
          (account, reason) -> {
            if (!reported.getAndSet(true)) {
              lost.halted(account, reason);
            }
          });
      lost.ended();
      current.obey((account, reason) -> ended.add(reason));
      current.ended();
    }
    watch.look();
    assertThat(ofLost.stopped()).isTrue();
    assertThat(ofCurrent.stopped()).isFalse();
    assertThat(ended).isEmpty();
    assertThat(database.query("SELECT reach FROM fathom_ops.cluster_halt")).isEmpty();
    assertThat(watch.hasEnded(0)).isTrue();
  }

  @Test
  void whatWorkersReportIsPassedOnAndSummed() {
    var spec = spec(Budget.UNLIMITED);
    RunWatch watch = watch(spec);
    assertThat(export(spec, ONE)).isEmpty();
    watch.look();
    assertThat(watch.hasEnded(0)).isTrue();
    assertThat(watch.hasEnded(1)).isFalse();
    assertThat(export(spec, TWO)).isEmpty();
    watch.look();

    RunSummary summary = watch.summary();
    assertThat(summary.exitCode()).as(summary.toString()).isZero();
    assertThat(summary.committed()).isEqualTo(2 * DAYS);
    assertThat(ended).hasSize(2 * DAYS);
    assertThat(watch.requests()).isEqualTo(asked()).isEqualTo(2 * DAYS);
    assertThat(watch.hasEnded(1)).isTrue();
  }

  @Test
  void aLaneThatBeginsAgainCountsOnce() {
    api.behave(
        Behaviour.unlimited()
            .withFault(FaultRule.when(r -> r.aggregation() == 3, Fault.status(403))));
    var spec = spec(Budget.UNLIMITED);
    RunWatch watch = watch(spec);
    assertThat(export(spec, ONE)).isEmpty();
    watch.look();
    assertThat(watch.summary().failed(FailureKind.PERMISSION)).isEqualTo(1);

    assertThat(export(spec, ONE)).isEmpty();
    watch.look();

    assertThat(watch.summary().exitCode()).isZero();
    assertThat(watch.summary().committed()).isEqualTo(DAYS);
    assertThat(asked()).as("the refused window again, and no other").isEqualTo(DAYS + 1);
  }

  @Test
  void windowsWithoutRowsAreUnchangedAlsoIfTheLaneBeginsAgain() {
    var spec = spec(Budget.UNLIMITED);
    RunWatch watch = watch(spec);
    Lane empty = lane(0, World.EMPTY_SITE);
    assertThat(export(spec, empty)).isEmpty();
    watch.look();
    RunSummary first = watch.summary();
    assertThat(first.unchanged()).isEqualTo(DAYS);

    assertThat(export(spec, empty)).isEmpty();
    watch.look();
    assertThat(watch.summary()).isEqualTo(first);
  }

  /** What a lane has left that was lost, or was never begun. */
  @Test
  void theWindowsOfALaneThatDidNotEndAreLeft() {
    var spec = spec(Budget.UNLIMITED);
    RunWatch watch = watch(spec);
    Lane begun = new Lane(0, "", ONE.tasks().subList(0, 1));
    assertThat(export(spec, begun)).isEmpty();
    watch.look();
    String why = WindowOutcome.HALTED + ": lost";
    assertThat(ONE.left(watch.ended(0), FailureKind.TRY_LATER, why))
        .extracting(WindowOutcome::window)
        .containsExactly(
            "traffic_daily LDNBOOKS 2025-09-02..2025-09-02",
            "traffic_daily LDNBOOKS 2025-09-03..2025-09-03");
    assertThat(TWO.left(watch.ended(1), FailureKind.TRY_LATER, why))
        .hasSize(DAYS)
        .allMatch(Left::isLeft);
  }

  @Test
  void aBudgetIsOfAllWorkersTogether() {
    var spec = spec(new Budget(4L, null));
    RunWatch watch = watch(spec);
    assertThat(export(spec, ONE)).isEmpty();
    assertThat(export(spec, TWO)).isEmpty();
    watch.look();
    assertThat(asked()).isEqualTo(4);
    assertThat(watch.summary().committed()).isEqualTo(4);
    assertThat(watch.summary().failed(FailureKind.BUDGET)).isEqualTo(2);
    assertThat(watch.summary().exitCode()).isEqualTo(75);
    assertThat(watch.summary().messages())
        .isNotEmpty()
        .allMatch(
            m -> m.indexOf(WindowOutcome.NOT_FETCHED) == m.lastIndexOf(WindowOutcome.NOT_FETCHED));
  }

  @Test
  void aStopReachesTheWorkers() {
    var spec = spec(Budget.UNLIMITED);
    RunWatch watch = watch(spec);
    stop.stop();
    watch.look();
    assertThat(export(spec, ONE)).isEmpty();
    watch.look();
    assertThat(asked()).isZero();
    assertThat(watch.summary().failed(FailureKind.STOPPED)).isEqualTo(DAYS);
  }

  @Test
  void theTimeOfARunIsThatOfTheProcessThatWasStarted() {
    var spec = spec(new Budget(null, Duration.ofNanos(1)));
    RunWatch watch = watch(spec);
    watch.look();
    assertThat(export(spec, ONE)).isEmpty();
    watch.look();
    assertThat(asked()).isZero();
    assertThat(watch.summary().failed(FailureKind.BUDGET)).isEqualTo(DAYS);
  }

  @Test
  void aHaltReachesTheOtherWorkers() {
    api.behave(
        Behaviour.unlimited()
            .withFault(FaultRule.when(r -> r.aggregation() > 1, Fault.status(401))));
    var spec = spec(Budget.UNLIMITED);
    RunWatch watch = watch(spec);
    assertThat(export(spec, ONE)).isEmpty();
    int before = asked();
    assertThat(export(spec, TWO)).isEmpty();
    watch.look();
    assertThat(asked()).as("the refused token is not tried again").isEqualTo(before);
    assertThat(watch.summary().committed()).isEqualTo(1);
    assertThat(watch.summary().failed(FailureKind.PERMISSION)).isEqualTo(2 * DAYS - 1);
    assertThat(ended).anyMatch(o -> o.message().contains("(on worker host-1)"));
  }

  @Test
  void aWorkerWithoutAPasswordIsNamed() {
    var spec = spec(Budget.UNLIMITED);
    RunWatch watch = watch(spec);
    variables.remove(TestDatabase.PASSWORD_VARIABLE);
    WindowOutcome why = export(spec, ONE).orElseThrow();
    watch.look();
    assertThat(why.failure()).isEqualTo(FailureKind.PERMISSION);
    assertThat(why.message())
        .isEqualTo(
            "postgres.password: environment variable "
                + TestDatabase.PASSWORD_VARIABLE
                + " is not set: give it to the worker and start that again (on worker host-1)");
    assertThat(watch.hasEnded(0)).isFalse();
  }

  @Test
  void aWorkerWithoutATokenIsNamed() {
    var spec = spec(Budget.UNLIMITED);
    RunWatch watch = watch(spec);
    variables.remove(TOKEN);
    assertThat(export(spec, ONE)).isEmpty();
    watch.look();
    assertThat(watch.summary().exitCode()).isEqualTo(77);
    assertThat(watch.failure(0).orElseThrow().message())
        .as("why its other windows are left")
        .isEqualTo(
            "api.token: environment variable "
                + TOKEN
                + " is not set: give it to the worker and start that again (on worker host-1)");
    assertThat(ONE.left(watch.ended(0), FailureKind.PERMISSION, "")).hasSize(DAYS);
    assertThat(watch.failure(1)).isEmpty();
  }

  /** What a jar of another build, or a machine without memory, does to a lane. */
  @Test
  void anErrorOnAWorkerIsAFaultOfTheRun() {
    Set<String> broken =
        new AbstractSet<>() {
          @Override
          public Iterator<String> iterator() {
            throw new NoClassDefFoundError("fathomexport/Other");
          }

          @Override
          public int size() {
            return 1;
          }
        };
    var spec = spec(Budget.UNLIMITED);
    RunWatch watch = watch(spec);
    assertThat(WorkerLane.export(spec, broken, ONE, variables, "host-1")).isEmpty();
    watch.look();
    assertThat(watch.hasEnded(0)).isTrue();
    assertThat(watch.summary().exitCode()).isEqualTo(70);
    assertThat(watch.failure(0).orElseThrow().message())
        .contains(
            "internal error",
            "java.lang.NoClassDefFoundError: fathomexport/Other",
            "(on worker host-1)");
  }

  @Test
  void anErrorBeforeAWorkerCanReportIsPassedOn() {
    Map<String, String> broken =
        new AbstractMap<>() {
          @Override
          public Set<Map.Entry<String, String>> entrySet() {
            throw new NoClassDefFoundError("fathomexport/Other");
          }
        };
    var spec = spec(Budget.UNLIMITED);
    watch(spec);
    WindowOutcome why = WorkerLane.export(spec, Set.of(), ONE, broken, "host-1").orElseThrow();
    assertThat(why.failure()).isEqualTo(FailureKind.FAULT);
    assertThat(why.message())
        .contains("java.lang.NoClassDefFoundError: fathomexport/Other", "(on worker host-1)");
  }

  @Test
  void nothingIsAskedOnceTheRunIsOver() {
    var spec = spec(Budget.UNLIMITED);
    RunWatch watch = watch(spec);
    database.execute("UPDATE fathom_ops.cluster_run SET seen_at = now() - interval '1 hour'");
    assertThat(export(spec, ONE)).isEmpty();
    watch.look();
    assertThat(watch.summary().failed(FailureKind.TRY_LATER)).isEqualTo(DAYS);

    database.execute("DELETE FROM fathom_ops.cluster_run");
    assertThat(export(spec, TWO)).isEmpty();
    assertThat(asked()).isZero();
  }

  /**
   * If Flink has lost a worker, it cancels the lanes of the others by interrupting their threads,
   * and begins all of them again. The database has a window by then, and the files do not.
   */
  @Test
  void aLaneThatTheClusterCancelsDuringACommitEndsNothingButItself(@TempDir Path warehouse)
      throws Exception {
    var spec = Specs.toBoth(Specs.api(api.baseUri(), TOKEN), 1, database.settings(), warehouse, 12);
    // Without a control, the window is stored as a whole, and takes several requests.
    api.behave(
        Behaviour.unlimited()
            .withFault(
                FaultRule.when(
                    r -> r.aggregation() > 0 && r.parameter("field_grouping") == null,
                    Fault.status(422))));
    RunWatch watch = watch(spec);
    Lane lane =
        new Lane(0, "", List.of(TestTasks.of("LDNBOOKS", PAGES, new DayRange(FIRST, LAST))));
    AtomicReference<Throwable> end = new AtomicReference<>();
    Thread worker =
        new Thread(
            () -> {
              try {
                var unused = export(spec, lane);
              } catch (IllegalStateException e) {
                end.set(e);
              }
            });
    try (FileLocks locks =
            new FileLocks(Files.createDirectories(warehouse.resolve("_fathom/locks")));
        FileLocks.HeldLock busy =
            locks.tryAcquire(FileLocks.ofReport(PAGES.name())).orElseThrow()) {
      worker.start();
      while (worker.isAlive() && database.query("SELECT 1 FROM fathom_ops.ledger").isEmpty()) {
        Thread.onSpinWait();
      }
      worker.interrupt();
      worker.join();
      assertThat(api.log().aggregations())
          .filteredOn(e -> e.request().parameter("field_grouping") != null)
          .extracting(e -> e.request().parameter("date_from"))
          .as("pages that begin with different days: the first would be dropped if it was stored")
          .doesNotHaveDuplicates()
          .hasSizeGreaterThan(1);
      assertThat(database.query("SELECT id FROM fathom_ops.cluster_answer"))
          .as("the answers are kept, since their window is not stored everywhere")
          .hasSize(asked());
      assertThat(busy).isNotNull();
    }
    assertThat(end.get()).hasMessageContaining("the cluster has cancelled this lane");
    watch.look();
    assertThat(database.query("SELECT kind, message FROM fathom_ops.cluster_halt")).isEmpty();
    assertThat(ended).isEmpty();
    assertThat(watch.hasEnded(0)).isFalse();

    assertThat(export(spec, lane)).isEmpty();
    watch.look();
    assertThat(watch.summary().exitCode()).as(watch.summary().toString()).isZero();
    assertThat(watch.summary().committed()).isOne();
    assertThat(api.log().repeatedAggregations()).isEmpty();
  }
}
