package fathomexport.report;

import java.time.LocalDate;
import java.util.stream.Stream;

/**
 * How the API groups rows by time. Source: parameter {@code date_grouping} of {@code GET
 * /aggregations}; {@link #NONE} omits the parameter.
 */
public enum DateGrouping implements ApiNamed {
  HOUR("hour"),
  DAY("day"),
  MONTH("month"),
  YEAR("year"),
  NONE("none");

  private final String apiName;

  DateGrouping(String apiName) {
    this.apiName = apiName;
  }

  @Override
  public String apiName() {
    return apiName;
  }

  /** Returns whether the API's rows have a {@code date} cell. */
  public boolean hasBuckets() {
    return this != NONE;
  }

  /**
   * Returns the first day of the period that contains the day. A period is fetched, certified and
   * replaced as a whole: a day (also for hours), a month or a year.
   */
  public LocalDate periodStart(LocalDate day) {
    return switch (this) {
      case HOUR, DAY, NONE -> day;
      case MONTH -> day.withDayOfMonth(1);
      case YEAR -> day.withDayOfYear(1);
    };
  }

  /** Returns the last day of the period that contains the day. */
  public LocalDate periodEnd(LocalDate day) {
    return switch (this) {
      case HOUR, DAY, NONE -> day;
      case MONTH -> day.withDayOfMonth(day.lengthOfMonth());
      case YEAR -> day.withDayOfYear(day.lengthOfYear());
    };
  }

  /** Returns the first days of a range's periods; a range without date grouping is one period. */
  public Stream<LocalDate> periods(DayRange range) {
    return this == NONE ? Stream.of(range.first()) : range.periods(this);
  }

  /** Returns the last day of one of a range's periods, at most the last day of the range. */
  public LocalDate periodEnd(LocalDate period, DayRange range) {
    LocalDate end = this == NONE ? range.last() : periodEnd(period);
    return end.isAfter(range.last()) ? range.last() : end;
  }
}
