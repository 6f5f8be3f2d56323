package fathomexport.plan;

import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/**
 * The pages of a range, counted by running the pager with the expected rows.
 *
 * @param pages number of requests
 * @param full periods that exceed the limit, with their rows
 */
public record PageCount(long pages, List<Full> full) {
  /** A period that exceeds the limit. */
  public record Full(LocalDate period, long rows) {}

  /**
   * Counts the pages of a range.
   *
   * @param limit rows per response
   * @param width days per request
   * @param rows expected rows of a period, by its first day
   */
  public static PageCount of(
      DateGrouping grouping,
      DayRange days,
      int limit,
      int width,
      ToDoubleFunction<LocalDate> rows) {
    Pager pager = new Pager(grouping, days, limit, width);
    List<Full> full = new ArrayList<>();
    long pages = 0;
    while (!pager.done()) {
      DayRange asked = pager.ask();
      LocalDate first = null;
      LocalDate last = null;
      double sum = 0;
      for (LocalDate period : periods(grouping, asked).toList()) {
        double some = rows.applyAsDouble(period);
        if (some > 0) {
          first = first == null ? period : first;
          last = period;
        }
        sum += some;
        if (sum >= limit) {
          break;
        }
      }
      pages++;
      Pager.Kept kept = pager.answered((long) Math.min(sum, limit), first, last);
      if (kept instanceof Pager.Kept.OverLimit over) {
        full.add(new Full(over.period(), Math.round(rows.applyAsDouble(over.period()))));
      }
    }
    return new PageCount(pages, full);
  }

  /**
   * Returns the number of pages of a range of a task if no response is full.
   *
   * @param maxRangeDays days per request; a report of hours has fewer
   */
  public static long least(FetchTask task, DayRange days, int maxRangeDays) {
    DateGrouping grouping = task.shape().dateGrouping();
    int width = grouping == DateGrouping.HOUR ? WindowPlanner.HOUR_DAYS : maxRangeDays;
    return of(grouping, days, Integer.MAX_VALUE, width, p -> 0).pages();
  }

  private static Stream<LocalDate> periods(DateGrouping grouping, DayRange days) {
    return grouping == DateGrouping.NONE ? Stream.of(days.first()) : days.periods(grouping);
  }
}
