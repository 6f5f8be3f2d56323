package fathomexport.fetch;

import fathomexport.api.RawRow;
import fathomexport.api.RowHandler;
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
 * Takes the rows of one answer into a spool, and holds the answer to what was asked: sorted by
 * time, within the range, no key twice. A violation is noted, and what came is of no use.
 */
final class PageReader implements RowHandler {
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

  /** Where the rows behind those of the first period begin; null while there are none. */
  private RowSpool.@Nullable Mark secondStart;

  /** Where months begin among the rows, the first row's included. */
  private final Deque<Month> months = new ArrayDeque<>();

  /**
   * The rows of a month, from here on.
   *
   * @param first the month's first day
   */
  record Month(LocalDate first, RowSpool.Mark start) {
    /** The month of a day whose rows begin here. */
    static Month of(LocalDate day, RowSpool.Mark start) {
      return new Month(day.withDayOfMonth(1), start);
    }
  }

  PageReader(QueryShape shape, DayRange asked, RowSpool spool) {
    this(shape, asked, spool, null);
  }

  /**
   * @param before what the answer goes on behind; null when it is a first page
   */
  PageReader(QueryShape shape, DayRange asked, RowSpool spool, @Nullable Continued before) {
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

  /** Takes back the rows of the last period, which may be cut off. */
  void dropLast() throws IOException {
    if (last != null) {
      spool.rollback(lastStart);
      totals.dropFrom(last);
      months.removeIf(m -> m.start().equals(lastStart));
    }
  }

  /** Takes back everything. */
  void dropAll() throws IOException {
    long answered = rows;
    restart();
    rows = answered;
  }

  long rows() {
    return rows;
  }

  @Nullable LocalDate first() {
    return first;
  }

  @Nullable LocalDate last() {
    return last;
  }

  /** Where its rows begin. */
  RowSpool.Mark start() {
    return start;
  }

  /** Where the rows of the last period begin. */
  RowSpool.Mark lastStart() {
    return lastStart;
  }

  /** Where the rows of this period end, which the page goes on with or leaves behind. */
  RowSpool.Mark endOf(LocalDate period) {
    if (!period.equals(first)) {
      return start;
    }
    return secondStart == null ? spool.mark() : secondStart;
  }

  /** Rows that came on the pages before it, and came again. */
  long repeated() {
    return intake.repeated();
  }

  /** What a page behind this one goes on from. */
  Continued continued() {
    if (before == null || before.time() != time) {
      return new Continued(time, intake.keys());
    }
    before.keys().addAll(intake.keys());
    return before;
  }

  /** Where months begin among the rows that are kept; the first may have begun before them. */
  List<Month> months() {
    return List.copyOf(months);
  }

  /** Sums of what is kept. */
  PeriodTotals totals() {
    return totals;
  }

  /** What the answer has that it must not have; null when it is as it was asked for. */
  @Nullable String violation() {
    return intake.violation();
  }
}
