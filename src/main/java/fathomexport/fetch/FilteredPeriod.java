package fathomexport.fetch;

import fathomexport.certify.PeriodTotals;
import fathomexport.fetch.rows.PageReader;
import fathomexport.report.DayRange;
import fathomexport.report.rows.RowSpool;
import fathomexport.run.FetchFailedException;
import java.io.IOException;
import java.time.LocalDate;

/** Fetches a period that exceeds the limit in partitions by filters, as one step of a range. */
final class FilteredPeriod {
  private final RangeInProgress range;

  FilteredPeriod(RangeInProgress range) {
    this.range = range;
  }

  /**
   * Fetches the period and adds its rows, or why it is incomplete.
   *
   * @param start the position at which the rows of its first page begin
   * @param came the sums of these rows
   * @return whether the period is complete
   */
  boolean fetch(LocalDate period, RowSpool.Mark start, PeriodTotals came)
      throws FetchFailedException, IOException {
    ChunkRows rows = range.rows();
    boolean grouped = !range.query().shape().fields().isEmpty();
    if (grouped) {
      rows.begins(PageReader.Month.of(period, start));
    }
    OversizedPeriod.Result result =
        new OversizedPeriod(range.context(), range.query(), range.control(), rows.tally())
            .fetch(
                new DayRange(period, range.check().endOf(period)),
                start,
                came,
                rows.spool(),
                range.pager().limit());
    OversizedPeriod.RowSums fetched = result.fetched();
    if (fetched == null) {
      rows.totals().addAll(came, new DayRange(period, period));
    } else {
      rows.totals().set(period, fetched.rows(), fetched.sums());
    }
    if (result.fault() != null) {
      rows.fault(period, result.fault());
    }
    if (grouped && range.cap().isAbout(period)) {
      range.cap().settle(result.fault() == null);
    }
    return result.fault() == null;
  }
}
