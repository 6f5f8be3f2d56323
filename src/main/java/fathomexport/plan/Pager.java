package fathomexport.plan;

import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import java.time.LocalDate;
import org.jspecify.annotations.Nullable;

/**
 * Walks a window page by page. The API has no cursor: an answer of {@code limit} rows, sorted by
 * time, holds every row of all its periods but the last, so the complete periods are kept and the
 * last is asked for again, first of the next page. That is the fewest requests for windows of whole
 * periods: no guess, and nothing that was fetched is thrown away but the one period that may be
 * cut.
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

  /** What the next answer is about, whatever is learned before it is taken. */
  private @Nullable DayRange asked;

  /**
   * @param limit rows to ask for
   * @param maxDays widest range to ask for, in days; a single period is asked for whole
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

  /** What of an answer is complete. */
  public sealed interface Kept {
    /** All of it. */
    record All() implements Kept {}

    /** The rows of the periods before this one, which comes again with the next page. */
    record Before(LocalDate period) implements Kept {}

    /**
     * All periods before this one have no rows; this one alone reaches the limit and must be had in
     * parts. Paging goes on behind it.
     */
    record OverLimit(LocalDate period) implements Kept {}
  }

  public boolean done() {
    return start.isAfter(days.last());
  }

  /** The days to ask for next. */
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

  /** The last day of a period that is asked for: that of the window when it ends within. */
  private LocalDate endOfPeriod(LocalDate day) {
    LocalDate end = grouping.periodEnd(day);
    return end.isBefore(days.last()) ? end : days.last();
  }

  /** Rows to ask for: an answer of as many may be cut off. */
  public int limit() {
    return limit;
  }

  /** Asks for other limits from now on. */
  public void limit(int rows) {
    if (rows < 1) {
      throw new IllegalArgumentException("a limit of " + rows + " rows");
    }
    limit = rows;
  }

  /**
   * Takes an answer to {@link #ask()}.
   *
   * @param rows how many rows it held
   * @param firstPeriod first period among its rows; null when there were none
   * @param lastPeriod last period among its rows; null when there were none
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
   * Takes a refusal of the range's width: asks for half as many days from now on.
   *
   * @return the width now asked for, in days; 0 when a single period was refused, so that width is
   *     not why
   */
  public int rangeRefused() {
    if (askIsSingle()) {
      return 0;
    }
    narrow(next().days() / 2);
    return maxDays;
  }

  /** Whether {@link #ask()} cannot be made narrower. */
  public boolean askIsSingle() {
    DayRange next = next();
    return grouping == DateGrouping.NONE || !grouping.periodEnd(next.first()).isBefore(next.last());
  }

  /** Asks for no more than so many days from now on; a single period is asked for whole. */
  public void narrow(int days) {
    maxDays = Math.max(1, days);
  }

  /**
   * Takes the finding that answers are cut off at fewer rows than were asked for. Asks the same
   * again.
   */
  public void capLearned(int rows) {
    if (rows < 1) {
      throw new IllegalArgumentException("a cap of " + rows + " rows");
    }
    limit = Math.min(limit, rows);
  }

  /** Goes on with this day: those before it came in another way. */
  public void continueFrom(LocalDate day) {
    if (day.isBefore(days.first()) || day.isAfter(days.last().plusDays(1))) {
      throw new IllegalArgumentException(day + " lies outside " + days);
    }
    asked = null;
    start = day;
  }

  /** Goes back to a period: what was kept of it and behind it is asked for again. */
  public void restartFrom(LocalDate period) {
    if (period.isBefore(days.first()) || period.isAfter(days.last())) {
      throw new IllegalArgumentException(period + " lies outside " + days);
    }
    asked = null;
    start = period;
  }
}
