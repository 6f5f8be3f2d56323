package fathomexport.fetch;

import fathomexport.certify.PeriodTotals;
import fathomexport.plan.Pager;
import fathomexport.report.DayRange;
import fathomexport.report.rows.RowSpool;
import fathomexport.run.FetchFailedException;
import java.io.IOException;
import java.time.LocalDate;
import org.jspecify.annotations.Nullable;

/** Fetches a period that exceeds the limit in partitions by filters, as one step of a range. */
final class FilteredPeriod {
  private final FetchContext context;
  private final RangeQuery query;
  private final @Nullable ControlTotals control;
  private final Pager pager;
  private final PageCheck check;
  private final RowCapDetector cap;
  private final ChunkRows rows;

  FilteredPeriod(
      FetchContext context,
      RangeQuery query,
      @Nullable ControlTotals control,
      Pager pager,
      PageCheck check,
      RowCapDetector cap,
      ChunkRows rows) {
    this.context = context;
    this.query = query;
    this.control = control;
    this.pager = pager;
    this.check = check;
    this.cap = cap;
    this.rows = rows;
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
    boolean grouped = !query.shape().fields().isEmpty();
    if (grouped) {
      rows.begins(PageReader.Month.of(period, start));
    }
    OversizedPeriod.Result result =
        new OversizedPeriod(context, query, control, rows.tally())
            .fetch(
                new DayRange(period, check.endOf(period)),
                start,
                came,
                rows.spool(),
                pager.limit());
    OversizedPeriod.Rows fetched = result.fetched();
    if (fetched == null) {
      rows.totals().addAll(came, new DayRange(period, period));
    } else {
      rows.totals().set(period, fetched.rows(), fetched.sums());
    }
    if (result.fault() != null) {
      rows.fault(period, result.fault());
    }
    if (grouped && cap.isAbout(period)) {
      cap.settle(result.fault() == null);
    }
    return result.fault() == null;
  }
}
