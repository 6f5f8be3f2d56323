package fathomexport.report;

import java.time.LocalDate;
import java.time.temporal.ChronoUnit;

/**
 * How an answer is cut by time. Source: parameter {@code date_grouping} of {@code GET
 * /aggregations}; {@link #NONE} is its absence.
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

  /** Whether an answer has a {@code date} cell. */
  public boolean hasBuckets() {
    return this != NONE;
  }

  /**
   * The first day of the period that holds the day. A period is what is fetched, certified and
   * replaced as one: a day (also for hours), a month, a year.
   */
  public LocalDate periodStart(LocalDate day) {
    return switch (this) {
      case HOUR, DAY, NONE -> day;
      case MONTH -> day.withDayOfMonth(1);
      case YEAR -> day.withDayOfYear(1);
    };
  }

  /** The last day of the period that holds the day. */
  public LocalDate periodEnd(LocalDate day) {
    return switch (this) {
      case HOUR, DAY, NONE -> day;
      case MONTH -> day.withDayOfMonth(day.lengthOfMonth());
      case YEAR -> day.withDayOfYear(day.lengthOfYear());
    };
  }

  /** The unit in which windows of this grouping are counted. */
  public ChronoUnit periodUnit() {
    return switch (this) {
      case HOUR, DAY, NONE -> ChronoUnit.DAYS;
      case MONTH -> ChronoUnit.MONTHS;
      case YEAR -> ChronoUnit.YEARS;
    };
  }
}
