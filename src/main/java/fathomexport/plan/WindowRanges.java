package fathomexport.plan;

import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableSet;

/** Cuts due periods into the ranges of windows. */
final class WindowRanges {
  private final int maxRangeDays;

  /**
   * @param maxRangeDays widest window in days, for groupings other than hour
   */
  WindowRanges(int maxRangeDays) {
    this.maxRangeDays = maxRangeDays;
  }

  private int width(DateGrouping grouping) {
    return grouping == DateGrouping.HOUR ? WindowPlanner.HOUR_DAYS : maxRangeDays;
  }

  /** Cuts periods into ranges without gaps, each at most as wide as a window; oldest first. */
  List<DayRange> ranges(DateGrouping grouping, NavigableSet<LocalDate> periods, LocalDate end) {
    List<DayRange> ranges = new ArrayList<>();
    if (periods.isEmpty()) {
      return ranges;
    }
    if (grouping == DateGrouping.NONE) {
      ranges.add(new DayRange(periods.first(), periods.last()));
      return ranges;
    }
    LocalDate first = null;
    LocalDate last = null;
    for (LocalDate period : periods) {
      LocalDate periodEnd = PlanInputs.earlier(grouping.periodEnd(period), end);
      boolean fits =
          first != null
              && last != null
              && period.equals(last.plusDays(1))
              && new DayRange(first, periodEnd).days() <= width(grouping);
      if (!fits) {
        if (first != null && last != null) {
          ranges.add(new DayRange(first, last));
        }
        first = period;
      }
      last = periodEnd;
    }
    if (first != null && last != null) {
      ranges.add(new DayRange(first, last));
    }
    return ranges;
  }
}
