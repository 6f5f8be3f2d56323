package fathomexport.export;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.listing.Accounts;
import fathomexport.listing.EventBound;
import fathomexport.plan.Mode;
import fathomexport.report.DayRange;
import fathomexport.run.FailureKind;
import fathomexport.run.WindowOutcome;
import java.io.IOException;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What a run reports as failed before it begins a window. */
class FailedBeforeTest {
  private static final LocalDate JUNE = LocalDate.of(2026, 6, 1);
  private static final Mode ALL =
      new Mode.Backfill(new DayRange(LocalDate.of(2026, 1, 1), JUNE.plusDays(9)), false, true);
  private static final Accounts.Found FOUND =
      ExportParts.found(List.of(), List.of(), ExportParts.SITE.value());

  @RegisterExtension final ExportParts run = ExportParts.open();

  private List<WindowOutcome> failed(Mode mode) {
    return FailedBefore.of(FOUND, run.plan(mode, FOUND), Map.of(), run.job, mode, run.sinks);
  }

  @Test
  void nothingHasFailedOfARunWhoseFilesAreWhole() {
    run.store(JUNE, JUNE.plusDays(2));
    assertThat(failed(ALL)).isEmpty();
  }

  @Test
  void listsAndReportsThatCannotBeUsedAreFailures() {
    WindowOutcome lost = WindowOutcome.failed("site GONE", FailureKind.INCOMPLETE, "404");
    Accounts.Found found = ExportParts.found(List.of(lost), List.of(), ExportParts.SITE.value());
    List<WindowOutcome> failed =
        FailedBefore.of(
            found,
            run.plan(ALL, found),
            Map.of("pages", "another grain is stored"),
            run.job,
            ALL,
            run.sinks);
    assertThat(failed)
        .containsExactly(
            lost,
            WindowOutcome.failed("pages", FailureKind.CONFIGURATION, "another grain is stored"));
  }

  /** Events beyond the bound are missing from the rows, unless the owner has set the bound. */
  @Test
  void eventsThatAreLeftOutAreAFailureUnlessThePipelineSaysSo() {
    WindowOutcome byDefault = WindowOutcome.failed("events", FailureKind.INCOMPLETE, "too many");
    WindowOutcome asSet = new WindowOutcome("events", null, "as set", false, 0, 0, 0);
    RunPlanning.Planned planned = run.plan(ALL, FOUND);
    RunPlanning.Planned bounded =
        new RunPlanning.Planned(
            planned.view(),
            planned.planner(),
            new EventBound(FOUND.subjects(), List.of(byDefault, asSet)),
            planned.plan());
    assertThat(FailedBefore.of(FOUND, bounded, Map.of(), run.job, ALL, run.sinks))
        .containsExactly(byDefault);
  }

  @Test
  void aDamagedFileIsAFailureOfItsSiteWithTheCommandThatHelps() throws IOException {
    run.store(JUNE, JUNE.plusDays(2));
    run.damage(JUNE);
    assertThat(failed(ALL))
        .singleElement()
        .satisfies(
            outcome -> {
              assertThat(outcome.failure()).isEqualTo(FailureKind.STORAGE);
              assertThat(outcome.site()).isEqualTo(ExportParts.SITE);
              assertThat(outcome.window()).startsWith("traffic_daily CDBUGS 2026-06-01");
              assertThat(outcome.message())
                  .contains(
                      "backfill nightly --site CDBUGS --report traffic_daily --from 2026-06-01")
                  .endsWith(" --force");
            });
  }

  /** It would store nothing there, and the damage is no concern of who waits for it. */
  @Test
  void damageAfterTheDaysOfABackfillIsNoFailureOfIt() throws IOException {
    run.store(JUNE, JUNE.plusDays(2));
    run.damage(JUNE);
    DayRange may = new DayRange(LocalDate.of(2026, 5, 1), LocalDate.of(2026, 5, 31));
    assertThat(failed(new Mode.Backfill(may, false, true))).isEmpty();
    assertThat(failed(new Mode.Nightly(3, false))).hasSize(1);
  }

  @Test
  void manyDamagedFilesAreCounted() throws IOException {
    for (int month = 1; month <= 5; month++) {
      LocalDate first = LocalDate.of(2026, month, 1);
      run.store(first, first);
      run.damage(first);
    }
    List<WindowOutcome> failed = failed(ALL);
    assertThat(failed).hasSize(4);
    assertThat(failed.subList(0, 3)).allSatisfy(f -> assertThat(f.site()).isNotNull());
    assertThat(failed.get(3).window()).isEqualTo("2 more files");
    assertThat(failed.get(3).message()).contains("status nightly --all");
  }
}
