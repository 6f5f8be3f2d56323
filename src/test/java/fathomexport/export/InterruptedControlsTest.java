package fathomexport.export;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.ledger.RunRecord;
import fathomexport.plan.ControlQuery;
import fathomexport.plan.FetchTask;
import fathomexport.plan.Plan;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.Site;
import fathomexport.report.Slice;
import fathomexport.run.ExportJob;
import fathomexport.testing.LoadBuilder;
import fathomexport.testing.TestReports;
import fathomexport.testing.TestTasks;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which control totals of interrupted runs the run that resumes them uses. */
class InterruptedControlsTest {
  private static final Report TRAFFIC = ExportParts.TRAFFIC;
  private static final Report PAGES = TestReports.pages();
  private static final ExportJob JOB =
      new ExportJob("nightly", List.of(TRAFFIC, PAGES), Optional.empty(), 3, false, true);
  private static final Site SITE = ExportParts.site(ExportParts.SITE.value());
  private static final LocalDate FIRST = LocalDate.of(2026, 6, 1);
  private static final DayRange STORED = new DayRange(FIRST, FIRST.plusDays(2));
  private static final Instant AT = LoadBuilder.FETCHED_AT;

  @RegisterExtension final ExportParts run = ExportParts.open();

  /** Records that a run of a pipeline ended so; null for one that was killed. */
  private void record(String pipeline, @Nullable Integer exitCode) {
    Instant end = exitCode == null ? null : AT.plusSeconds(60);
    run.sinks
        .ledger()
        .record(
            RunRecord.withoutWindows(
                "run-1", pipeline, RunRecord.BACKFILL, AT, end, exitCode, 3, List.of()));
  }

  /** The control totals of the days that the run has stored of the report without fields. */
  private InterruptedControls kept(Instant recently) {
    InterruptedControls controls = new InterruptedControls(JOB, run.sinks, recently);
    LoadBuilder load =
        new LoadBuilder(TRAFFIC, new Slice(SITE.id(), null), STORED, run.spill)
            .definition(TRAFFIC.definition());
    STORED.stream().forEach(day -> load.row(day, 1, 2, 1.5));
    load.entries().forEach(entry -> controls.remember(TRAFFIC, entry));
    return controls;
  }

  private List<KnownControl> known() {
    return kept(AT.minusSeconds(1)).of(plan(TestTasks.of(SITE, PAGES, STORED)), Instant.MIN);
  }

  private static Plan plan(FetchTask... tasks) {
    return new Plan(List.of(tasks), List.of(), 0, 0, Set.of(), null, List.of());
  }

  private static ControlQuery control(LocalDate day) {
    return ControlQuery.of(TRAFFIC, new Slice(SITE.id(), null), DayRange.of(day));
  }

  /** A sink was down, the API was, or it was asked to stop. */
  @ParameterizedTest
  @ValueSource(ints = {74, 75, 143})
  void theTotalsOfARunThatWasCutShortAreUsedAgain(int exitCode) {
    record("nightly", exitCode);
    assertThat(known())
        .extracting(KnownControl::query)
        .containsExactlyInAnyOrder(
            control(FIRST), control(FIRST.plusDays(1)), control(FIRST.plusDays(2)));
    assertThat(known())
        .allSatisfy(
            known -> {
              assertThat(known.runId()).isEqualTo("run-1");
              assertThat(known.at()).isEqualTo(AT);
              assertThat(known.totals().periods()).containsOnlyKeys(known.query().days().first());
            });
  }

  @Test
  void aRunThatWasKilledWasCutShort() {
    record("nightly", null);
    assertThat(known()).hasSize(3);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 65, 70, 77})
  void aRunThatCameToItsEndIsNotResumed(int exitCode) {
    record("nightly", exitCode);
    assertThat(known()).isEmpty();
  }

  @Test
  void theRunOfAnotherPipelineIsNotResumed() {
    record("weekly", 75);
    assertThat(known()).isEmpty();
  }

  @Test
  void totalsThatAreTooOldAreQueriedAgain() {
    record("nightly", 75);
    Plan plan = plan(TestTasks.of(SITE, PAGES, STORED));
    assertThat(kept(AT).of(plan, Instant.MIN)).as("not even kept").isEmpty();
    assertThat(kept(AT.minusSeconds(1)).of(plan, AT)).isEmpty();
    assertThat(kept(AT.minusSeconds(1)).of(plan, AT.minusNanos(1))).hasSize(3);
  }

  /** Of all that was certified, only what rows of the plan are compared with. */
  @ParameterizedTest
  @CsvSource({"0, 2, 3", "1, 1, 1", "2, 5, 1", "3, 5, 0"})
  void onlyTheDaysOfThePlanAreOfUse(int first, int last, int controls) {
    record("nightly", 75);
    DayRange days = new DayRange(FIRST.plusDays(first), FIRST.plusDays(last));
    assertThat(kept(Instant.MIN).of(plan(TestTasks.of(SITE, PAGES, days)), Instant.MIN))
        .hasSize(controls);
  }

  /** Its own response is the control of a report without fields, and is queried for its rows. */
  @Test
  void whatIsFetchedForItsRowsNeedsNoOtherTotals() {
    record("nightly", 75);
    assertThat(kept(Instant.MIN).of(plan(TestTasks.of(SITE, TRAFFIC, STORED)), Instant.MIN))
        .isEmpty();
  }

  /** Of another site, or of other days because the site's zone was changed. */
  @Test
  void otherTotalsAreOfNoUse() {
    record("nightly", 75);
    FetchTask other = TestTasks.of(ExportParts.site("OTHER"), PAGES, STORED);
    Site moved = new Site(SITE.id(), SITE.name(), ZoneId.of("Asia/Tokyo"));
    InterruptedControls kept = kept(Instant.MIN);
    assertThat(kept.of(plan(other, TestTasks.of(SITE, TRAFFIC, STORED)), Instant.MIN)).isEmpty();
    assertThat(kept.of(plan(TestTasks.of(moved, PAGES, STORED)), Instant.MIN)).isEmpty();
  }
}
