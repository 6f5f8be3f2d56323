package fathomexport.fetch;

import fathomexport.certify.PeriodTotals;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.QueryShape;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;

/** Compares pages of a range with its control totals. */
record PageCheck(QueryShape shape, DayRange days) {
  /** Returns the last day of a period, at most the last day of the range. */
  LocalDate endOf(LocalDate period) {
    return shape.dateGrouping().periodEnd(period, days);
  }

  /**
   * Returns the covered periods whose sums differ from the expected ones; for hourly reports also
   * those whose hours differ.
   */
  List<LocalDate> disagreeing(PeriodTotals expected, DayRange covered, PeriodTotals came) {
    List<LocalDate> wrong = new ArrayList<>();
    periods(covered)
        .forEach(
            period -> {
              PeriodTotals.Total mine = came.of(period);
              PeriodTotals.Total theirs = expected.of(period);
              if (!Aggregate.additiveOf(shape.entity()).stream()
                  .allMatch(
                      a ->
                          mine.sum(a) == theirs.sum(a)
                              && (shape.dateGrouping() != DateGrouping.HOUR
                                  || mine.sameHours(theirs, a)))) {
                wrong.add(period);
              }
            });
    return wrong;
  }

  List<LocalDate> periods(DayRange range) {
    return shape.dateGrouping().periods(range).toList();
  }
}
