package fathomexport.fetch;

import fathomexport.certify.PeriodTotals;
import fathomexport.fetch.rows.Continued;
import fathomexport.fetch.rows.PageReader;
import fathomexport.report.DayRange;
import fathomexport.report.rows.RowSpool;
import java.time.LocalDate;

/**
 * The state of paging through one request by {@code offset}: from a page that one period filled
 * alone, page by page to the end of the request's days. No row is fetched twice; a period counts
 * only once it agrees with its control.
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
   * @param asked the request's days
   * @param limit rows per request
   * @param page its first page, all rows of one period
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

  /** Returns the number of rows fetched so far, which is the offset of the next page. */
  long position() {
    return position;
  }

  /** Returns whether the next page is the first one with an offset. */
  boolean isFirstPage() {
    return position == limit;
  }

  /** Returns the period whose rows may continue on the next page. */
  LocalDate open() {
    return open;
  }

  /** Returns the position in the spool at which the rows of the open period begin. */
  RowSpool.Mark openStart() {
    return openStart;
  }

  Continued continued() {
    return continued;
  }

  /** Returns the sums of all rows fetched so far. */
  PeriodTotals totals() {
    return totals;
  }

  /**
   * Returns whether a period has been completed by offset. The open period may then fit in one
   * page.
   */
  boolean isPastFirst() {
    return begun;
  }

  /** Adds the sums and the number of rows of a page. */
  void add(PageReader page) {
    totals.sum(page.totals());
    position += page.rows();
  }

  /** Makes the page's last period the open one: its rows may continue on the next page. */
  void openLastPeriod(PageReader page) {
    LocalDate last = page.last();
    if (last != null && !last.equals(open)) {
      open = last;
      openStart = page.lastStart();
      begun = true;
    }
    continued = page.continued();
  }

  /** Adjusts the position of the open period after the rows before this position left the spool. */
  void movedBy(RowSpool.Mark start) {
    openStart =
        new RowSpool.Mark(openStart.bytes() - start.bytes(), openStart.rows() - start.rows());
  }
}
