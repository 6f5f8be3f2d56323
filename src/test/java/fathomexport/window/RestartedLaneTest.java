package fathomexport.window;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.api.ApiSettings;
import fathomexport.api.FathomClients;
import fathomexport.api.PaidAnswers;
import fathomexport.api.pacing.RequestTally;
import fathomexport.api.pacing.StopSignal;
import fathomexport.api.pacing.TimeSource;
import fathomexport.plan.FetchTask;
import fathomexport.quota.ApiClients;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.SecretRef;
import fathomexport.run.ExportSpec;
import fathomexport.run.FailureKind;
import fathomexport.run.RunEnvironment;
import fathomexport.run.RunListener;
import fathomexport.run.RunSummary;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.sink.parquet.file.ParquetSettings;
import fathomexport.sinks.PipelineLock;
import fathomexport.sinks.Sinks;
import fathomexport.testing.TestReports;
import fathomexport.testing.TestTasks;
import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A lane that a runner of several machines starts over, since the machine that had it was lost:
 * what the run has committed is neither fetched nor paid for again, and counts as what it is.
 */
class RestartedLaneTest {
  private static final String TOKEN = "FATHOM_API_TOKEN";
  private static final String SITE = "LDNBOOKS";
  private static final LocalDate FIRST = LocalDate.of(2025, 9, 1);
  private static final LocalDate LAST = LocalDate.of(2025, 9, 6);
  private static final Report REPORT = TestReports.traffic();

  @TempDir Path warehouse;

  private final World world = World.dozen(41, FIRST, LAST, 0);
  private FathomSimulator api;

  @BeforeEach
  void start() throws IOException {
    api = FathomSimulator.start(world, Behaviour.unlimited());
    try (Sinks sinks = Sinks.open(null, new ParquetSettings(warehouse), Map.of())) {
      sinks.all().forEach(sink -> sink.migrate(List.of(REPORT)));
    }
  }

  @AfterEach
  void stop() {
    api.close();
  }

  private ExportSpec spec() {
    return Specs.toFiles(ApiSettings.of(api.baseUri(), new SecretRef.Env(TOKEN)), 6, warehouse);
  }

  private static RunEnvironment environment() {
    return new RunEnvironment(
        Map.of(TOKEN, SimulatorToken.STANDARD.secret()),
        TimeSource.system(),
        new StopSignal(),
        RunListener.NONE);
  }

  /** The lane, on a worker of its own. */
  private static RunSummary export(ExportSpec spec, Lane lane) {
    try (RunContext worker =
        RunContext.onWorker(
            spec, environment(), account -> RequestTally.ofThisProcess(), PaidAnswers.NONE)) {
      return new LaneExport(worker).export(lane);
    }
  }

  private static FetchTask task(LocalDate from, LocalDate to) {
    return TestTasks.of(SITE, REPORT, new DayRange(from, to));
  }

  private static Lane days() {
    List<FetchTask> tasks = new ArrayList<>();
    for (LocalDate day = FIRST; !day.isAfter(LAST); day = day.plusDays(1)) {
      tasks.add(task(day, day));
    }
    return new Lane(0, "", tasks);
  }

  private List<String> asked() {
    return api.log().aggregations().stream()
        .map(e -> String.valueOf(e.request().parameter("date_from")).substring(0, 10))
        .toList();
  }

  @Test
  void whatItsRunHasCommittedIsNotFetchedAgain() {
    api.behave(
        Behaviour.unlimited()
            .withFault(FaultRule.when(r -> r.aggregation() > 3, Fault.status(403))));
    ExportSpec spec = spec();
    RunSummary first = export(spec, days());
    assertThat(first.committed()).isEqualTo(3);
    assertThat(first.failed(FailureKind.PERMISSION)).isEqualTo(3);

    api.behave(Behaviour.unlimited());
    api.log().clear();
    RunSummary second = export(spec, days());

    assertThat(asked()).containsExactly("2025-09-04", "2025-09-05", "2025-09-06");
    assertThat(second.exitCode()).as(second.toString()).isZero();
    assertThat(second.windows()).isEqualTo(6);
    assertThat(second.committed()).isEqualTo(6);
    assertThat(second.rows()).isEqualTo(2 * first.rows()).isEqualTo(6);

    api.log().clear();
    assertThat(export(spec, days())).as("told alike, asked for nothing").isEqualTo(second);
    assertThat(asked()).isEmpty();
    assertThat(export(spec(), days()).committed()).as("another run's is fetched").isEqualTo(6);
    assertThat(asked()).hasSize(6);
  }

  /** Of a window that came in chunks, those that are behind. */
  @Test
  void aTaskIsGoneOnWith() {
    ExportSpec spec = spec();
    assertThat(export(spec, new Lane(0, "", List.of(task(FIRST, FIRST.plusDays(2))))).exitCode())
        .isZero();
    api.log().clear();

    RunSummary all = export(spec, new Lane(0, "", List.of(task(FIRST, LAST))));

    assertThat(asked()).containsExactly("2025-09-04");
    assertThat(all.rows()).isEqualTo(6);
    assertThat(all.committed()).as("one window, of two chunks").isEqualTo(1);
  }

  /** A runner may also start it over in the process that launched the run. */
  @Test
  void withinTheLaunchersProcessToo() {
    ExportSpec spec = spec();
    RunEnvironment environment = environment();
    try (Sinks sinks = Sinks.open(null, new ParquetSettings(warehouse), Map.of());
        PipelineLock lock = sinks.tryLock("all").orElseThrow();
        FathomClients clients =
            ApiClients.clients(
                spec.accounts(), spec.priority(), null, true, spec.budget(), environment);
        RunContext run =
            RunContext.ofLauncher(spec, environment, sinks, clients, lock, warehouse)) {
      RunSummary first = new LaneExport(run).export(days());
      assertThat(first.committed()).isEqualTo(6);
      assertThat(new LaneExport(run).export(days()).committed()).isEqualTo(6);
    }
    assertThat(asked()).as("once each").hasSize(6);
  }
}
