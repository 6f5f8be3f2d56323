package fathomexport.window;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import fathomexport.api.pacing.StopSignal;
import fathomexport.api.pacing.TimeSource;
import fathomexport.cluster.RunBoard;
import fathomexport.cluster.RunWatch;
import fathomexport.plan.ControlQuery;
import fathomexport.plan.FetchTask;
import fathomexport.plan.HeldPeriod;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.run.Budget;
import fathomexport.run.ExportSpec;
import fathomexport.run.RunEnvironment;
import fathomexport.run.RunListener;
import fathomexport.run.RunSummary;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.behaviour.Behaviour;
import fathomexport.simulator.behaviour.Fault;
import fathomexport.simulator.behaviour.FaultRule;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.World;
import fathomexport.testing.TestDatabase;
import fathomexport.testing.TestReports;
import fathomexport.testing.TestTasks;
import java.io.IOException;
import java.time.Duration;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What a lost worker costs: whichever request it was lost at, that request is all that is sent
 * again, and the run's result is that of a run that lost none.
 */
class LostWorkerTest {
  private static final String TOKEN = "FATHOM_API_TOKEN";
  private static final String SITE = "LDNBOOKS";
  private static final Report PAGES = TestReports.pages();
  private static final Report TRAFFIC = TestReports.traffic();

  /** The days are those of two months, so that a window is committed in chunks. */
  private static final LocalDate FIRST = LocalDate.of(2025, 9, 27);

  private static final LocalDate LAST = LocalDate.of(2025, 10, 4);

  /** All tasks are parts of its range. */
  private static final ControlQuery CONTROL =
      ControlQuery.of(PAGES, TestTasks.slice(SITE), new DayRange(FIRST, LAST));

  private final Map<String, String> variables = new HashMap<>();
  private FathomSimulator api;
  private TestDatabase database;

  /** How the API answers, and with how many rows at most. */
  @SuppressWarnings("ImmutableEnumChecker") // A behaviour is derived, and nothing is changed.
  private enum Answers {
    /** A day fills most of a response. */
    PAGES(25, "certified"),
    /** A day fills several responses, which continue each other. */
    OFFSET(7, "certified"),
    /** A day fills several responses, and can only be asked for in partitions. */
    PARTITIONS(7, "certified"),
    /** The API refuses control queries, so that nothing is committed before the window's end. */
    NO_CONTROL(25, "uncertified");

    private final int rows;
    private final String status;

    Answers(int rows, String status) {
      this.rows = rows;
      this.status = status;
    }

    Behaviour of(Behaviour api) {
      return switch (this) {
        case PAGES -> api;
        case OFFSET -> api.withOffset(Behaviour.Offset.HONOURED);
        case PARTITIONS -> api.withOffset(Behaviour.Offset.IGNORED);
        case NO_CONTROL ->
            api.withFault(
                FaultRule.when(
                    request ->
                        request.aggregation() > 0 && request.parameter("field_grouping") == null,
                    Fault.status(422)));
      };
    }
  }

  @BeforeEach
  void start() throws IOException {
    api = FathomSimulator.start(World.dozen(41, FIRST, LAST, 0), Behaviour.unlimited());
    database = TestDatabase.migratedFor(PAGES, TRAFFIC);
    variables.put(TOKEN, SimulatorToken.STANDARD.secret());
    variables.putAll(database.environment());
  }

  @AfterEach
  void close() {
    database.close();
    api.close();
  }

  /** For the API, the requests of lost workers are still under way. */
  private static Behaviour normal() {
    return Behaviour.unlimited().withInFlightLimit(1_000);
  }

  private static FetchTask task(
      Report report, LocalDate first, LocalDate last, Map<LocalDate, HeldPeriod> held) {
    return TestTasks.of(report, new DayRange(first, last), CONTROL).holding(held);
  }

  /**
   * The result of a run, and what it took.
   *
   * @param requests those that the API was sent
   */
  private record Done(RunSummary summary, int requests) {}

  private ExportSpec spec(int rows) {
    return Specs.toDatabase(
        Specs.api(api.baseUri(), TOKEN), 1, database.settings(), Budget.UNLIMITED, rows);
  }

  /**
   * Exports a lane by workers that are lost one after the other, and to its end by the next one.
   *
   * @param losses the requests that are under way when a worker is lost, ascending
   */
  private Done export(Lane lane, Answers answers, int... losses) {
    api.log().clear();
    ExportSpec spec = spec(answers.rows);
    try (RunBoard board = new RunBoard(database.settings(), variables, spec.runId())) {
      board.begin(spec.pipeline());
      RunWatch watch =
          new RunWatch(
              board,
              new RunEnvironment(
                  variables, TimeSource.system(), new StopSignal(), RunListener.NONE),
              spec.budget(),
              outcome -> {});
      for (int lost : losses) {
        Thread worker = Thread.currentThread();
        api.behave(
            answers.of(
                normal()
                    .withFault(
                        FaultRule.when(
                            request -> {
                              if (request.aggregation() != lost) {
                                return false;
                              }
                              worker.interrupt();
                              return true;
                            },
                            new Fault.Delay(Duration.ofMinutes(1))))));
        assertThatThrownBy(() -> WorkerLane.export(spec, Set.of(), lane, variables, "host-1"))
            .hasMessageContaining("cancelled");
        assertThat(Thread.interrupted()).isTrue();
      }
      api.behave(answers.of(normal()));
      assertThat(WorkerLane.export(spec, Set.of(), lane, variables, "host-2")).isEmpty();
      watch.look();
      assertThat(watch.hasEnded(0)).isTrue();
      assertThat(watch.summary().exitCode()).as(watch.summary().toString()).isZero();
      board.end();
      return new Done(watch.summary(), api.log().aggregations().size());
    }
  }

  @ParameterizedTest
  @EnumSource(Answers.class)
  void itCostsOneRequest(Answers answers) {
    Lane lane = new Lane(0, "", List.of(task(PAGES, FIRST, LAST, Map.of())));
    // What a run learns of the API is known to the next one.
    export(lane, answers);
    Done undisturbed = export(lane, answers);
    assertThat(undisturbed.requests()).isGreaterThan(5);
    for (int lost = 1; lost <= undisturbed.requests(); lost++) {
      Done done = export(lane, answers, lost);
      assertThat(done.requests())
          .as("%s, lost at request %s", answers, lost)
          .isEqualTo(undisturbed.requests() + 1);
      assertThat(done.summary().rows()).isEqualTo(undisturbed.summary().rows());
      assertThat(done.summary().windows()).isEqualTo(1);
      assertThat(
              database.query(
                  "SELECT DISTINCT status FROM fathom_ops.ledger WHERE report = 'pages_daily'"))
          .containsExactly(List.of(answers.status));
    }
    int last = undisturbed.requests() - 1;
    assertThat(export(lane, answers, last - 2, last - 1, last + 1).requests())
        .as("%s, lost three times", answers)
        .isEqualTo(undisturbed.requests() + 3);
  }

  /**
   * The rows of one day differ from those that were stored, in the first of the chunks in which its
   * window is committed. All other windows are equal to what was stored.
   */
  @Test
  void whatWasStoredBeforeIsUnchanged() {
    LocalDate middle = FIRST.plusDays(4);
    Map<LocalDate, HeldPeriod> held =
        FIRST
            .datesUntil(LAST.plusDays(1))
            .collect(Collectors.toMap(day -> day, day -> new HeldPeriod(1, null, true)));
    Lane lane =
        new Lane(
            0,
            "",
            List.of(
                task(TRAFFIC, FIRST, LAST, held),
                task(PAGES, FIRST, middle, held),
                task(PAGES, middle.plusDays(1), LAST, held)));
    String tampered =
        "UPDATE fathom.pages_daily SET visits = visits + 1 WHERE date = '" + FIRST + "'";
    export(lane, Answers.PAGES);
    database.execute(tampered);
    Done undisturbed = export(lane, Answers.PAGES);
    assertThat(undisturbed.summary().committed()).isEqualTo(3);
    assertThat(undisturbed.summary().unchanged()).isEqualTo(2);
    for (int lost = 1; lost <= undisturbed.requests(); lost++) {
      database.execute(tampered);
      assertThat(export(lane, Answers.PAGES, lost).summary())
          .as("lost at request %s", lost)
          .isEqualTo(undisturbed.summary());
    }
  }

  @Test
  void whatIsNewIsChanged() {
    Lane lane =
        new Lane(
            0,
            "",
            List.of(task(TRAFFIC, FIRST, LAST, Map.of()), task(PAGES, FIRST, LAST, Map.of())));
    Done undisturbed = export(lane, Answers.PAGES);
    assertThat(undisturbed.summary().committed()).isEqualTo(2);
    assertThat(undisturbed.summary().unchanged()).isZero();
    for (int lost = 1; lost <= undisturbed.requests(); lost++) {
      database.execute("TRUNCATE fathom.pages_daily, fathom.traffic_daily, fathom_ops.ledger");
      assertThat(export(lane, Answers.PAGES, lost).summary())
          .as("lost at request %s", lost)
          .isEqualTo(undisturbed.summary());
    }
  }
}
