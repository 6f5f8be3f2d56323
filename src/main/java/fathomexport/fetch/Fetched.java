package fathomexport.fetch;

import fathomexport.certify.Certifier;
import fathomexport.certify.PeriodTotals;
import fathomexport.plan.FetchTask;
import fathomexport.report.Report;
import fathomexport.report.rows.RowSpool;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * All rows of a chunk, as the API returned them.
 *
 * @param task the part of the task that the chunk contains: all of it if there is only one chunk
 * @param raw in the layout of {@code RawRows}, ordered by period
 * @param control totals to certify against; the rows' own totals if the task is the control
 * @param noControl why there is no control; empty if there is one
 * @param faults periods that are known to be incomplete
 * @param unmoved periods that were fetched although the control confirms their stored rows: if the
 *     fetched rows differ, the control cannot be relied on
 * @param fetchedAt when the last response ended
 * @param requests requests for the rows, retries included
 * @param controlRequests requests for the control totals
 * @param splits partitions that over-limit periods were split into
 */
public record Fetched(
    FetchTask task,
    RowSpool raw,
    @Nullable PeriodTotals control,
    String noControl,
    Map<LocalDate, Certifier.Fault> faults,
    Set<LocalDate> unmoved,
    Instant fetchedAt,
    int requests,
    int controlRequests,
    int splits) {

  /** Returns a copy that also counts earlier requests for the rows that failed. */
  public Fetched after(long inVain) {
    return inVain == 0
        ? this
        : new Fetched(
            task,
            raw,
            control,
            noControl,
            faults,
            unmoved,
            fetchedAt,
            Math.toIntExact(inVain) + requests,
            controlRequests,
            splits);
  }

  /**
   * Returns the requests counted for a report's window: the requests of a task that fills several
   * reports are counted for the first of them.
   */
  public int requestsOf(Report report) {
    return report.equals(task.reports().get(0)) ? requests + controlRequests : 0;
  }
}
