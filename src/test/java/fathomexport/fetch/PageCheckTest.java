package fathomexport.fetch;

import static org.assertj.core.api.Assertions.assertThat;

import fathomexport.certify.PeriodTotals;
import fathomexport.fetch.rows.Responses;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Entity;
import fathomexport.report.Field;
import fathomexport.report.QueryShape;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rows agree with their control in every additive measure, period by period and hour by hour. */
class PageCheckTest {
  private static final LocalDate FIRST = LocalDate.of(2026, 3, 1);
  private static final DayRange DAYS = new DayRange(FIRST, FIRST.plusDays(44));

  private static PageCheck check(DateGrouping grouping) {
    return new PageCheck(Responses.shape(grouping, Field.PATHNAME), DAYS);
  }

  private static PeriodTotals totals(Map<LocalDate, Long> pageviews) {
    PeriodTotals totals = new PeriodTotals();
    pageviews.forEach((day, sum) -> totals.set(day, 1, Map.of(Aggregate.PAGEVIEWS, sum)));
    return totals;
  }

  @ParameterizedTest
  @CsvSource({
    "DAY, 2026-03-05, 2026-03-05",
    "HOUR, 2026-03-05, 2026-03-05",
    "MONTH, 2026-03-01, 2026-03-31",
    "MONTH, 2026-04-01, 2026-04-14",
    "YEAR, 2026-01-01, 2026-04-14",
    "NONE, 2026-03-01, 2026-04-14"
  })
  void aPeriodEndsWithTheRangeAtTheLatest(DateGrouping grouping, LocalDate period, LocalDate end) {
    assertThat(check(grouping).endOf(period)).isEqualTo(end);
  }

  @Test
  void theRangeIsOnePeriodWithoutDateGrouping() {
    DayRange part = new DayRange(FIRST, FIRST.plusDays(1));
    assertThat(check(DateGrouping.NONE).periods(part)).containsExactly(FIRST);
    assertThat(check(DateGrouping.DAY).periods(part)).containsExactly(FIRST, FIRST.plusDays(1));
  }

  /** Missing, additional, too many and too few, but only among the covered days. */
  @Test
  void coveredPeriodsWhoseSumsDifferInEitherDirection() {
    PeriodTotals expected =
        totals(
            Map.of(FIRST, 7L, FIRST.plusDays(1), 7L, FIRST.plusDays(2), 7L, FIRST.plusDays(4), 7L));
    PeriodTotals came =
        totals(
            Map.of(FIRST, 7L, FIRST.plusDays(1), 6L, FIRST.plusDays(2), 8L, FIRST.plusDays(3), 1L));
    PageCheck check = check(DateGrouping.DAY);
    assertThat(check.disagreeing(expected, new DayRange(FIRST, FIRST.plusDays(5)), came))
        .containsExactly(
            FIRST.plusDays(1), FIRST.plusDays(2), FIRST.plusDays(3), FIRST.plusDays(4));
    assertThat(check.disagreeing(expected, DayRange.of(FIRST), came)).isEmpty();
    assertThat(check.disagreeing(expected, new DayRange(FIRST, FIRST.plusDays(1)), came))
        .containsExactly(FIRST.plusDays(1));
  }

  @Test
  void everyAdditiveMeasureCounts() {
    QueryShape goals =
        new QueryShape(
            Entity.EVENT,
            List.of(Aggregate.CONVERSIONS, Aggregate.UNIQUE_CONVERSIONS, Aggregate.VALUE),
            DateGrouping.DAY,
            List.of(Field.REFERRER_SOURCE),
            List.of());
    PeriodTotals expected = new PeriodTotals();
    PeriodTotals came = new PeriodTotals();
    expected.set(FIRST, 1, Map.of(Aggregate.CONVERSIONS, 3L, Aggregate.VALUE, 500L));
    came.set(FIRST, 2, Map.of(Aggregate.CONVERSIONS, 3L, Aggregate.VALUE, 501L));
    PageCheck check = new PageCheck(goals, DAYS);
    assertThat(check.disagreeing(expected, DayRange.of(FIRST), came)).containsExactly(FIRST);
    // Unique conversions of groups need not add up.
    came.set(
        FIRST,
        2,
        Map.of(Aggregate.CONVERSIONS, 3L, Aggregate.UNIQUE_CONVERSIONS, 9L, Aggregate.VALUE, 500L));
    assertThat(check.disagreeing(expected, DayRange.of(FIRST), came)).isEmpty();
  }

  /** A day's sum may be right while its hours are not; daily reports have no hours. */
  @ParameterizedTest
  @CsvSource({"HOUR, 5, false", "HOUR, 6, true", "DAY, 6, false"})
  void hoursMustAgreeInHourlyReports(DateGrouping grouping, int hour, boolean differs) {
    PeriodTotals expected = new PeriodTotals();
    PeriodTotals came = new PeriodTotals();
    List<Aggregate> measures = List.of(Aggregate.PAGEVIEWS);
    expected.add(FIRST, 5, measures, new long[] {4});
    came.add(FIRST, 5, measures, new long[] {3});
    came.add(FIRST, hour, measures, new long[] {1});
    assertThat(check(grouping).disagreeing(expected, DayRange.of(FIRST), came))
        .hasSize(differs ? 1 : 0);
  }
}
