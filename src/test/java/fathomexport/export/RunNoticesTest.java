package fathomexport.export;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.dimension.Change;
import fathomexport.listing.Accounts;
import fathomexport.listing.EventBound;
import fathomexport.plan.Mode;
import fathomexport.report.DayRange;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.FailureKind;
import fathomexport.run.PlannedRun;
import fathomexport.run.UnlistedSite;
import fathomexport.run.WindowOutcome;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What people read of a run before its first window. */
class RunNoticesTest {
  private static final Mode NIGHTLY = new Mode.Nightly(3, false);

  @RegisterExtension final ExportParts run = ExportParts.open();

  private RunNotices notices(Accounts.Found found, RunPlanning.Planned planned) {
    return new RunNotices(run.job, run.services, run.sinks, found, planned);
  }

  private static PlannedRun expected(long windows) {
    return new PlannedRun(
        "run-1",
        "nightly",
        "run",
        ExportParts.NOW,
        windows,
        windows,
        windows,
        10,
        Map.of(),
        List.of(),
        List.of(),
        Map.of(),
        null);
  }

  /** A failure is counted against the plan, so the plan comes first. */
  @Test
  void thePlanIsSaidBeforeWhatFailedAndWhatIsLeftOut() {
    WindowOutcome lost = WindowOutcome.failed("site GONE", FailureKind.INCOMPLETE, "404");
    WindowOutcome tooMany = WindowOutcome.failed("events of B", FailureKind.INCOMPLETE, "many");
    WindowOutcome asSet = new WindowOutcome("events of A", null, "as set", false, 0, 0, 0);
    Accounts.Found found = ExportParts.found(List.of(lost), List.of("the list is odd"), "A", "B");
    RunPlanning.Planned planned = run.plan(NIGHTLY, found);
    RunPlanning.Planned bounded =
        new RunPlanning.Planned(
            planned.view(),
            planned.planner(),
            new EventBound(found.subjects(), List.of(tooMany, asSet)),
            planned.plan());
    notices(found, bounded).planned(expected(7), List.of(lost, tooMany));
    assertThat(run.said)
        .containsExactly(
            "planned: 7 windows",
            "notice: the list is odd",
            "ended: site GONE: 404",
            "ended: events of B: many",
            "notice: events of A: as set");
  }

  @Test
  void periodsThatAreSkippedAreSaid() {
    Accounts.Found found = ExportParts.found(List.of(), List.of(), "A");
    DayRange before = new DayRange(LocalDate.of(2018, 1, 1), LocalDate.of(2018, 1, 2));
    RunPlanning.Planned planned = run.plan(new Mode.Backfill(before, false, true), found);
    notices(found, planned).planned(expected(0), List.of());
    assertThat(run.said)
        .hasSize(2)
        .last()
        .satisfies(line -> assertThat(line).startsWith("notice: 2 periods are skipped: "));
  }

  private DimensionUpdate.Found changed(boolean isFirst, List<UnlistedSite> unlisted) {
    return new DimensionUpdate.Found(
        List.of(
            new Change(Change.ChangeKind.NEW_SITE, new Slice(new SiteId("NEW"), null), null, null)),
        isFirst,
        Map.of(),
        unlisted,
        List.of());
  }

  @Test
  void theHistoryOfANewSiteIsOfferedWithItsCost() {
    Accounts.Found found = ExportParts.found(List.of(), List.of(), "NEW", "OLD");
    notices(found, run.plan(NIGHTLY, found)).changed(changed(false, List.of()));
    assertThat(run.said)
        .singleElement()
        .satisfies(
            line ->
                assertThat(line)
                    .contains("site NEW")
                    .contains("backfill nightly --site NEW --from ")
                    .contains("each billed as a pageview"));
  }

  /** Who begins a pipeline knows that its sites have a history. */
  @Test
  void theFirstSitesOfAPipelineAreNotOffered() {
    Accounts.Found found = ExportParts.found(List.of(), List.of(), "NEW", "OLD");
    notices(found, run.plan(NIGHTLY, found)).changed(changed(true, List.of()));
    assertThat(run.said).isEmpty();
  }

  @Test
  void aSiteThatLeftTheListAndStillExistsIsSaid() {
    Accounts.Found found = ExportParts.found(List.of(), List.of(), "OLD");
    notices(found, run.plan(NIGHTLY, found))
        .changed(
            new DimensionUpdate.Found(
                List.of(), true, Map.of(), List.of(new UnlistedSite("AWAY", "a name")), List.of()));
    assertThat(run.said)
        .singleElement()
        .satisfies(
            line ->
                assertThat(line)
                    .startsWith("notice: site AWAY (a name) is no longer in the API's list")
                    .endsWith("under sites: in pipeline nightly"));
  }
}
