package fathomexport.fetch.rows;

import fathomexport.api.answer.RawRow;
import fathomexport.api.answer.RowHandler;
import fathomexport.certify.PeriodTotals;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.QueryShape;
import fathomexport.report.rows.RowSpool;
import java.io.IOException;
import java.time.LocalDate;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes the rows of one response into a spool and validates the response: rows sorted by time,
 * within the range, no key twice. After a violation the rows are unusable.
 */
public final class PageReader implements RowHandler {
  private final QueryShape shape;
  private final RowSpool spool;
  private final RowSpool.Mark start;
  private final RowIntake intake;
  private final PeriodTotals totals = new PeriodTotals();
  private final boolean byHour;
  private long rows;
  private final @Nullable Continued before;
  private long time;
  private @Nullable LocalDate first;
  private @Nullable LocalDate last;
  private RowSpool.Mark lastStart;

  /** The position at which the rows of the second period begin; null before there are any. */
  private RowSpool.@Nullable Mark secondStart;

  /** The positions at which months begin, including that of the first row. */
  private final Deque<Month> months = new ArrayDeque<>();

  /**
   * The rows of a month, from a position on.
   *
   * @param first the month's first day
   */
  public record Month(LocalDate first, RowSpool.Mark start) {
    /** Returns the month of a day whose rows begin at this position. */
    public static Month of(LocalDate day, RowSpool.Mark start) {
      return new Month(day.withDayOfMonth(1), start);
    }
  }

  public PageReader(QueryShape shape, DayRange asked, RowSpool spool) {
    this(shape, asked, spool, null);
  }

  /**
   * @param before where the response continues an earlier page; null for a first page
   */
  public PageReader(QueryShape shape, DayRange asked, RowSpool spool, @Nullable Continued before) {
    this.before = before;
    this.time = before == null ? Long.MIN_VALUE : before.time();
    this.shape = shape;
    this.spool = spool;
    this.start = spool.mark();
    this.lastStart = start;
    this.byHour = shape.dateGrouping() == DateGrouping.HOUR;
    this.intake = new RowIntake(shape, asked, spool, before);
  }

  @Override
  public void restart() throws IOException {
    spool.rollback(start);
    intake.restart();
    totals.dropFrom(LocalDate.MIN);
    rows = 0;
    time = before == null ? Long.MIN_VALUE : before.time();
    secondStart = null;
    first = null;
    last = null;
    lastStart = start;
    months.clear();
  }

  @Override
  public void row(RawRow row) throws IOException {
    rows++;
    if (intake.violation() != null) {
      return;
    }
    Labels.Label where = intake.where(row);
    if (where == null) {
      return;
    }
    if (where.time() < time) {
      intake.violated(
          "rows are not sorted by time: '" + row.bucketText() + "' follows a later one");
      return;
    }
    if (where.time() > time) {
      intake.forgetKeys();
      time = where.time();
    }
    if (!where.period().equals(last)) {
      last = where.period();
      lastStart = spool.mark();
      secondStart = first != null && secondStart == null ? lastStart : secondStart;
      first = first == null ? last : first;
      Month month = Month.of(where.period(), lastStart);
      if (months.isEmpty() || month.first().isAfter(months.getLast().first())) {
        months.add(month);
      }
    }
    if (intake.isNew(row, where, false)) {
      totals.add(where.period(), byHour ? time : 0, intake.additive(), intake.write(row, where));
      if (shape.fields().isEmpty()) {
        totals.answered(where.period(), byHour ? time : 0, AnswerValues.of(row, shape));
      }
    }
  }

  /** Removes the rows of the last period, which may be cut off. */
  public void dropLast() throws IOException {
    if (last != null) {
      spool.rollback(lastStart);
      totals.dropFrom(last);
      months.removeIf(m -> m.start().equals(lastStart));
    }
  }

  /** Removes all rows of the response. {@link #rows()} still counts them. */
  public void dropAll() throws IOException {
    long answered = rows;
    restart();
    rows = answered;
  }

  public long rows() {
    return rows;
  }

  public @Nullable LocalDate first() {
    return first;
  }

  public @Nullable LocalDate last() {
    return last;
  }

  /** Returns the position at which the rows of the response begin. */
  public RowSpool.Mark start() {
    return start;
  }

  /** Returns the position at which the rows of the last period begin. */
  public RowSpool.Mark lastStart() {
    return lastStart;
  }

  /**
   * Returns the position at which the rows of this period end, which the page continues or does not
   * contain.
   */
  public RowSpool.Mark endOf(LocalDate period) {
    if (!period.equals(first)) {
      return start;
    }
    return secondStart == null ? spool.mark() : secondStart;
  }

  /** Returns the number of rows that an earlier page contained already. */
  public long repeated() {
    return intake.repeated();
  }

  /** Returns the position from which the next page by offset continues. */
  public Continued continued() {
    if (before == null || before.time() != time) {
      return new Continued(time, intake.keys());
    }
    before.keys().addAll(intake.keys());
    return before;
  }

  /**
   * Returns the positions at which months begin among the kept rows. The first month may have begun
   * on an earlier page.
   */
  public List<Month> months() {
    return List.copyOf(months);
  }

  /** Returns the sums of the kept rows. */
  public PeriodTotals totals() {
    return totals;
  }

  /** Returns how the response violates its contract; null if it is valid. */
  public @Nullable String violation() {
    return intake.violation();
  }
}
