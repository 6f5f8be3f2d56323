package fathomexport.export;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.ledger.RunRecord;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.report.Window;
import fathomexport.run.FailureKind;
import fathomexport.run.RunSummary;
import fathomexport.run.WindowOutcome;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LastNightTest {
  private static final Instant NIGHT = Instant.parse("2026-06-20T03:00:00Z");
  private static final SiteId FIRST = new SiteId("AAAAAAAA");
  private static final SiteId LAST = new SiteId("ZZZZZZZZ");
  private static final SiteId WELL = new SiteId("CDBUGS");
  private static final List<SiteId> SITES = List.of(FIRST, LAST, WELL);
  private static final String UNAVAILABLE = "the API is unavailable: HTTP 503";

  private static WindowOutcome failed(SiteId site, LocalDate day, String message, boolean query) {
    Window window =
        new Window("pages_daily", new Slice(site, null), DateGrouping.DAY, new DayRange(day, day));
    return WindowOutcome.failed("", FailureKind.TRY_LATER, message)
        .withFailedQuery(query)
        .about(window, 1);
  }

  private static RunRecord night(
      String id,
      String command,
      Instant at,
      List<String> messages,
      @Nullable Set<SiteId> troubled) {
    return new RunRecord(
        id, "nightly", command, at, at, 75, 9, 0, 0, 0, 9, 0, 0, 0, 9, messages, 0, troubled);
  }

  private static RunRecord night(List<WindowOutcome> outcomes) {
    RunSummary sum = RunSummary.sum(outcomes.stream().map(RunSummary::of).toList());
    return night("a", RunRecord.RUN, NIGHT, sum.messages(), sum.troubledSites());
  }

  private static Set<SiteId> troubled(RunRecord... newestFirst) {
    return LastNight.troubled(List.of(newestFirst), "nightly", SITES);
  }

  /** A record keeps 200 messages, which do not name all sites. */
  @Test
  void aSiteIsTroubledWhoseMessageIsLeftOut() {
    List<WindowOutcome> outcomes = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      outcomes.add(failed(FIRST, LocalDate.of(2025, 1, 1).plusDays(i), UNAVAILABLE, true));
    }
    outcomes.add(failed(LAST, LocalDate.of(2025, 1, 1), UNAVAILABLE, true));
    RunRecord night = night(outcomes);

    assertThat(night.messages()).hasSize(200).noneMatch(m -> m.contains(LAST.value()));
    assertThat(troubled(night)).containsExactlyInAnyOrder(FIRST, LAST);
  }

  /** What a message says is for people: here, a window could not be stored. */
  @Test
  void theWordsOfAMessageDecideNothing() {
    assertThat(troubled(night(List.of(failed(FIRST, LocalDate.EPOCH, UNAVAILABLE, false)))))
        .isEmpty();
  }

  @Test
  void aRecordOfAnOlderVersionNamesNoSite() {
    assertThat(
            troubled(
                night(
                    "a",
                    RunRecord.RUN,
                    NIGHT,
                    List.of("pages_daily AAAAAAAA 2026-06-19: " + UNAVAILABLE),
                    null)))
        .isEmpty();
  }

  @Test
  void onlyTheLastRunOfTheWholePipelineCounts() {
    RunRecord older = night("a", RunRecord.RUN, NIGHT, List.of(), Set.of(FIRST));
    RunRecord limited =
        night("b", "run --site ZZZZZZZZ", NIGHT.plusSeconds(9), List.of(), Set.of(LAST));
    assertThat(troubled(limited, older)).containsExactly(FIRST);
    RunRecord newest = night("c", RunRecord.RUN, NIGHT.plusSeconds(99), List.of(), Set.of());
    assertThat(troubled(newest, limited, older)).isEmpty();
  }

  /** A site may have left the account since. */
  @Test
  void onlyTheGivenSitesAreNamed() {
    RunRecord night =
        night("a", RunRecord.RUN, NIGHT, List.of(), Set.of(FIRST, new SiteId("GONE")));
    assertThat(troubled(night)).containsExactly(FIRST);
  }
}
