package fathomexport.plan;

import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import java.time.LocalDate;
import org.jspecify.annotations.Nullable;

/**
 * Pages through a window. The API has no cursor: a response of {@code limit} rows, sorted by time,
 * contains every row of all its periods but the last. The complete periods are kept, and the next
 * page begins with the last one. For windows of whole periods this takes the fewest requests:
 * nothing is guessed, and only the rows of the period that may be cut off are fetched twice.
 *
 * <p>A state machine without I/O: {@link #ask()}, then exactly one of {@link #answered}, {@link
 * #rangeRefused} or {@link #capLearned}, until {@link #done()}.
 */
public final class Pager {
  private final DateGrouping grouping;
  private final DayRange days;
  private LocalDate start;
  private int limit;
  private int maxDays;

  /**
   * The days of the current request, even if a limit is learned before its response is processed.
   */
  private @Nullable DayRange asked;

  /**
   * @param limit rows per request, at least 1
   * @param maxDays widest range per request in days, at least 1; a single period is never cut
   */
  public Pager(DateGrouping grouping, DayRange days, int limit, int maxDays) {
    if (limit < 1 || maxDays < 1) {
      throw new IllegalArgumentException("limit " + limit + ", days " + maxDays);
    }
    this.grouping = grouping;
    this.days = days;
    this.start = days.first();
    this.limit = limit;
    this.maxDays = maxDays;
  }

  /** Which part of a response is complete. */
  public sealed interface Kept {
    /** The whole response. */
    record All() implements Kept {}

    /** The rows before this period, with which the next page begins. */
    record Before(LocalDate period) implements Kept {}

    /**
     * No rows before this period; the period exceeds the limit and must be fetched in partitions.
     * Paging continues after it.
     */
    record OverLimit(LocalDate period) implements Kept {}
  }

  public boolean done() {
    return start.isAfter(days.last());
  }

  /**
   * Returns the first day that is still to be fetched; the day after the window if there is none.
   */
  public LocalDate start() {
    return start;
  }

  /**
   * Returns the days to request next.
   *
   * @throws IllegalStateException if the window is complete
   */
  public DayRange ask() {
    DayRange next = next();
    asked = next;
    return next;
  }

  private DayRange next() {
    if (done()) {
      throw new IllegalStateException("the window is paged through");
    }
    if (grouping == DateGrouping.NONE) {
      return days;
    }
    LocalDate end = endOfPeriod(start);
    while (end.isBefore(days.last())) {
      LocalDate next = endOfPeriod(end.plusDays(1));
      if (new DayRange(start, next).days() > maxDays) {
        break;
      }
      end = next;
    }
    return new DayRange(start, end);
  }

  /** Returns the last day of the period of a day, at most the last day of the window. */
  private LocalDate endOfPeriod(LocalDate day) {
    LocalDate end = grouping.periodEnd(day);
    return end.isBefore(days.last()) ? end : days.last();
  }

  /** Returns the rows per request: a response with as many rows may be cut off. */
  public int limit() {
    return limit;
  }

  /** Sets the rows per request, at least 1. */
  public void limit(int rows) {
    if (rows < 1) {
      throw new IllegalArgumentException("a limit of " + rows + " rows");
    }
    limit = rows;
  }

  /**
   * Processes the response to {@link #ask()}.
   *
   * @param rows number of rows of the response
   * @param firstPeriod first period among its rows; null if it has none
   * @param lastPeriod last period among its rows; null if it has none
   * @return which part of the response is complete
   */
  public Kept answered(long rows, @Nullable LocalDate firstPeriod, @Nullable LocalDate lastPeriod) {
    DayRange about = asked == null ? next() : asked;
    asked = null;
    if (rows < limit || firstPeriod == null || lastPeriod == null) {
      start = about.last().plusDays(1);
      return new Kept.All();
    }
    if (firstPeriod.isBefore(lastPeriod)) {
      start = lastPeriod;
      return new Kept.Before(lastPeriod);
    }
    start =
        grouping == DateGrouping.NONE
            ? days.last().plusDays(1)
            : grouping.periodEnd(lastPeriod).plusDays(1);
    return new Kept.OverLimit(lastPeriod);
  }

  /**
   * Halves the width of the requests after the API refused the range.
   *
   * @return the new width in days; 0 if a single period was refused, so that the width is not the
   *     cause
   */
  public int rangeRefused() {
    if (askIsSingle()) {
      return 0;
    }
    narrow(next().days() / 2);
    return maxDays;
  }

  /** Returns whether the range of {@link #ask()} cannot be narrowed. */
  public boolean askIsSingle() {
    DayRange next = next();
    return grouping == DateGrouping.NONE || !grouping.periodEnd(next.first()).isBefore(next.last());
  }

  /** Sets the widest range per request in days; a single period is never cut. */
  public void narrow(int days) {
    maxDays = Math.max(1, days);
  }

  /**
   * Lowers the limit to a row cap, at which the API cuts responses off. The current range is
   * requested again.
   */
  public void capLearned(int rows) {
    if (rows < 1) {
      throw new IllegalArgumentException("a cap of " + rows + " rows");
    }
    limit = Math.min(limit, rows);
  }

  /** Continues with this day: those before it have been fetched in another way. */
  public void continueFrom(LocalDate day) {
    if (day.isBefore(days.first()) || day.isAfter(days.last().plusDays(1))) {
      throw new IllegalArgumentException(day + " lies outside " + days);
    }
    asked = null;
    start = day;
  }

  /** Returns to a period: its rows and those after it are requested again. */
  public void restartFrom(LocalDate period) {
    if (period.isBefore(days.first()) || period.isAfter(days.last())) {
      throw new IllegalArgumentException(period + " lies outside " + days);
    }
    asked = null;
    start = period;
  }
}
