package fathomexport.report;

import java.io.Serializable;
import java.time.LocalDate;
import java.util.stream.Stream;

/**
 * One report x one slice x a run of whole local days (whole months or years for those groupings,
 * the last of which may not be over). The unit of planning, fetching, retrying, committing and
 * certifying.
 *
 * @param days what is asked for; ends with the last finished day when the last period is not over
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
   * Deterministic: equal windows have equal ids, on every machine and in every version. 16 hex
   * digits.
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

  /** The first days of its periods: the units that are certified and replaced one by one. */
  public Stream<LocalDate> periods() {
    return dateGrouping == DateGrouping.NONE ? Stream.of(days.first()) : days.periods(dateGrouping);
  }

  /**
   * Whether the period that starts on this day ends after the window does: its numbers will grow.
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
