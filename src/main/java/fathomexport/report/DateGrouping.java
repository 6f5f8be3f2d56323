package fathomexport.report;

import java.time.LocalDate;

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
}
