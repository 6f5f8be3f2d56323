package fathomexport.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.ledger.Attempt;
import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.Likeness;
import fathomexport.report.DateGrouping;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.testing.TestReports;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class CoveredPeriodsTest {
  private static final LocalDate FIRST = LocalDate.of(2026, 3, 1);
  private static final Report DAILY = TestReports.traffic();
  private static final Report WHOLE = TestReports.pageviews("whole", DateGrouping.NONE);
  private static final Slice SITE = new Slice(new SiteId("CDBUGS"), null);

  private static CoveredPeriods day(
      int day, CertificateStatus status, long rows, @Nullable String digest, String... sinks) {
    LocalDate date = FIRST.plusDays(day);
    Likeness like = new Likeness(false, rows == 0, status, "definition", "Europe/Berlin");
    return new CoveredPeriods(date, date, 1, like, rows, digest, false, Set.of(sinks));
  }

  private static CoveredPeriods certified(int day, long rows, String... sinks) {
    return day(day, CertificateStatus.CERTIFIED, rows, null, sinks);
  }

  private static Attempt failed(int day) {
    LocalDate date = FIRST.plusDays(day);
    return new Attempt(
        DAILY.name(), SITE, date, date, "w", Instant.EPOCH, "run", "the API was away", false);
  }

  private static List<String> shown(NavigableMap<String, CoveredPeriods> all) {
    return all.values().stream()
        .map(c -> c.period() + ".." + c.coversTo() + " " + c.periods() + " " + c.rows())
        .toList();
  }

  @Test
  void neighboursThatAreAlikeBecomeOne() {
    NavigableMap<String, CoveredPeriods> combined =
        CoveredPeriods.combined(
            DAILY,
            List.of(
                certified(0, 3, "postgres"),
                certified(1, 4, "postgres"),
                certified(3, 5, "postgres"),
                certified(4, 0, "postgres"),
                certified(5, 6, "postgres", "parquet")));
    assertThat(shown(combined))
        .containsExactly(
            "2026-03-01..2026-03-02 2 7",
            "2026-03-04..2026-03-04 1 5",
            "2026-03-05..2026-03-05 1 0",
            "2026-03-06..2026-03-06 1 6");
  }

  @Test
  void rangesWithoutDateGroupingStayApart() {
    assertThat(
            CoveredPeriods.combined(
                WHOLE, List.of(certified(0, 3, "postgres"), certified(1, 4, "postgres"))))
        .hasSize(2);
  }

  @Test
  void ofTwoSinksTheWorseCounts() {
    CoveredPeriods both =
        day(0, CertificateStatus.CERTIFIED, 3, "a", "postgres")
            .plus(day(0, CertificateStatus.UNCERTIFIED, 4, "b", "parquet"));
    assertThat(both.status()).isEqualTo(CertificateStatus.UNCERTIFIED);
    assertThat(both.rows()).isEqualTo(4);
    assertThat(both.differs()).isTrue();
    assertThat(both.sinks()).containsExactly("parquet", "postgres");
  }

  @Test
  void sinksWithTheSameRowsOrWithoutDigestsDoNotDiffer() {
    CoveredPeriods one = day(0, CertificateStatus.CERTIFIED, 3, "a", "postgres");
    assertThat(one.plus(day(0, CertificateStatus.CERTIFIED, 3, "a", "parquet")).differs())
        .isFalse();
    assertThat(one.plus(certified(0, 3, "parquet")).differs()).isFalse();
  }

  /** A period without rows has no digest, so the number of its rows tells it from another. */
  @Test
  void aSinkWithRowsDiffersFromOneWithNone() {
    CoveredPeriods rows = day(0, CertificateStatus.CERTIFIED, 3, "a", "postgres");
    CoveredPeriods none = certified(0, 0, "parquet");
    assertThat(rows.plus(none).differs()).isTrue();
    assertThat(none.plus(rows).differs()).isTrue();
    assertThat(none.plus(certified(0, 0, "postgres")).differs()).isFalse();
  }

  @Test
  void aFailedDayIsSetApartFromItsNeighbours() {
    NavigableMap<String, CoveredPeriods> all =
        CoveredPeriods.combined(
            DAILY,
            List.of(
                certified(0, 3, "postgres"),
                certified(1, 4, "postgres"),
                certified(2, 5, "postgres")));
    assertThat(shown(CoveredPeriods.apart(DAILY, all, List.of(failed(1), failed(9)))))
        .containsExactly(
            "2026-03-01..2026-03-01 1 12",
            "2026-03-02..2026-03-02 1 0",
            "2026-03-03..2026-03-03 1 0");
    assertThat(CoveredPeriods.apart(DAILY, all, List.of())).isEqualTo(all);
    NavigableMap<String, CoveredPeriods> whole = new TreeMap<>(all);
    assertThat(CoveredPeriods.apart(WHOLE, whole, List.of(failed(1)))).isSameAs(whole);
  }
}
