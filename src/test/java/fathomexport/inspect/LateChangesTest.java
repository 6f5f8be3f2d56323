package fathomexport.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.ledger.Restatement;
import fathomexport.ledger.RestatementReason;
import fathomexport.report.DateGrouping;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.testing.TestReports;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LateChangesTest {
  private static final SiteId SITE = new SiteId("CDBUGS");
  private static final LocalDate DAY = LocalDate.of(2026, 3, 1);

  private static Restatement change(LocalDate day, String at, RestatementReason reason) {
    return new Restatement(
        "traffic_daily",
        new Slice(SITE, null),
        day,
        "pageviews",
        1.0,
        2.0,
        Instant.parse(at),
        "run",
        reason);
  }

  private static StatusOverview.Moved moved(int lookback, Restatement... changes) {
    return LateChanges.of(
            TestReports.traffic(),
            List.of(changes),
            Map.of(SITE, ZoneId.of("Pacific/Auckland")),
            lookback)
        .orElseThrow();
  }

  @Test
  void aDayThatChangedTwiceCountsAtTheLaterAge() {
    StatusOverview.Moved moved =
        moved(
            7,
            change(DAY, "2026-03-02T09:00:00Z", RestatementReason.SOURCE),
            change(DAY, "2026-03-04T09:00:00Z", RestatementReason.SOURCE),
            change(DAY.plusDays(1), "2026-03-04T09:00:00Z", RestatementReason.SOURCE));
    assertThat(moved.days()).isEqualTo(2);
    assertThat(moved.ages())
        .containsExactly(new StatusOverview.Age(2, 1), new StatusOverview.Age(3, 1));
    assertThat(moved.lastAt()).isEqualTo(Instant.parse("2026-03-04T09:00:00Z"));
    assertThat(moved.suggestedLookbackDays()).isEqualTo(2);
  }

  @Test
  void theAgeIsCountedInTheSitesZone() {
    // 13:00 UTC is the next day in Auckland.
    assertThat(moved(7, change(DAY, "2026-03-02T13:00:00Z", RestatementReason.SOURCE)).ages())
        .containsExactly(new StatusOverview.Age(2, 1));
  }

  @Test
  void changesAtTheLimitOfTheLookBackSuggestALongerOne() {
    assertThat(
            moved(2, change(DAY, "2026-03-04T09:00:00Z", RestatementReason.SOURCE))
                .suggestedLookbackDays())
        .isEqualTo(3);
  }

  @Test
  void changesOfTheReportDoNotCount() {
    assertThat(
            LateChanges.of(
                TestReports.traffic(),
                List.of(change(DAY, "2026-03-04T09:00:00Z", RestatementReason.DEFINITION)),
                Map.of(),
                7))
        .isEmpty();
  }

  @Test
  void aMonthThatIsNotOverAlwaysGrows() {
    assertThat(
            LateChanges.of(
                TestReports.pageviews("monthly", DateGrouping.MONTH),
                List.of(change(DAY, "2026-03-04T09:00:00Z", RestatementReason.SOURCE)),
                Map.of(),
                7))
        .isEmpty();
  }
}
