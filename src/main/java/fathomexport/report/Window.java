package fathomexport.report;

import java.io.Serializable;
import java.time.LocalDate;
import java.util.stream.Stream;

/**
 * One report × one slice × a run of whole local days (whole months or years for those groupings,
 * the last of which may not be over). The unit of planning, fetching, retrying, committing and
 * certifying.
 *
 * @param days the days to fetch; ends with the last finished day if the last period is not over
 */
public record Window(String report, Slice slice, DateGrouping dateGrouping, DayRange days)
    implements Serializable {

  public Window {
    if (!dateGrouping.periodStart(days.first()).equals(days.first())) {
      throw new IllegalArgumentException(
          "a window by " + dateGrouping.apiName() + " starts with a period: " + days);
    }
  }

  /**
   * Returns the window's id, 16 hex digits. Equal windows have equal ids, on every machine and in
   * every version.
   */
  public String id() {
    return Digests.hex(
        report,
        slice.site().value(),
        slice.eventKey(),
        dateGrouping.apiName(),
        days.first().toString(),
        days.last().toString());
  }

  /**
   * Returns the first days of the window's periods, which are certified and replaced one by one.
   */
  public Stream<LocalDate> periods() {
    return dateGrouping.periods(days);
  }

  /**
   * Returns whether the period that starts on this day ends after the window. Its numbers will
   * still grow.
   */
  public boolean provisional(LocalDate periodStart) {
    return dateGrouping != DateGrouping.NONE
        && dateGrouping.periodEnd(periodStart).isAfter(days.last());
  }

  @Override
  public String toString() {
    return report + " " + slice + " " + days;
  }
}
