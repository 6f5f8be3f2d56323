package fathomexport.fetch;

import fathomexport.certify.PeriodTotals;
import fathomexport.report.DayRange;
import fathomexport.report.rows.RowSpool;
import java.time.LocalDate;

/**
 * A walk through one question by {@code offset}: from a page that one period filled alone, page by
 * page to the question's end. Nothing is fetched twice; a period counts only once its control
 * agrees.
 */
final class OffsetRun {
  private final DayRange asked;
  private final int limit;
  private final PeriodTotals totals = new PeriodTotals();
  private long position;
  private LocalDate open;
  private RowSpool.Mark openStart;
  private Continued continued;
  private boolean begun;

  /**
   * @param asked the question's days
   * @param limit rows to ask for at a time
   * @param page its first page, all of one period
   * @param period that period
   */
  OffsetRun(DayRange asked, int limit, PageReader page, LocalDate period) {
    this.asked = asked;
    this.limit = limit;
    this.open = period;
    this.openStart = page.start();
    this.position = page.rows();
    this.continued = page.continued();
    totals.sum(page.totals());
  }

  DayRange asked() {
    return asked;
  }

  int limit() {
    return limit;
  }

  /** Rows that came so far, and are left out of the next page. */
  long position() {
    return position;
  }

  /** The period whose rows may go on with the next page. */
  LocalDate open() {
    return open;
  }

  /** Where its rows begin. */
  RowSpool.Mark openStart() {
    return openStart;
  }

  Continued continued() {
    return continued;
  }

  /** Sums of all rows that came. */
  PeriodTotals totals() {
    return totals;
  }

  /** Whether a first period came whole, so that rows of the open one may be of a single page. */
  boolean isPastFirst() {
    return begun;
  }

  /** Takes a page's sums. */
  void add(PageReader page) {
    totals.sum(page.totals());
    position += page.rows();
  }

  /** The page's last period goes on with the next. */
  void goOn(PageReader page) {
    LocalDate last = page.last();
    if (last != null && !last.equals(open)) {
      open = last;
      openStart = page.lastStart();
      begun = true;
    }
    continued = page.continued();
  }

  /** Rows before this place are in the spool no longer. */
  void movedBy(RowSpool.Mark start) {
    openStart =
        new RowSpool.Mark(openStart.bytes() - start.bytes(), openStart.rows() - start.rows());
  }
}
