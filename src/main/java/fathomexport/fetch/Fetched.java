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
 * A task's rows as the API gave them, all pages of it.
 *
 * @param raw in the layout of {@code RawRows}, ordered by period
 * @param control totals to certify against; the rows' own where the task is the control
 * @param noControl why there is none; empty when there is
 * @param faults periods that are known to be incomplete
 * @param unmoved periods that were fetched although the control confirms what is stored of them:
 *     rows that differ all the same show that it cannot be relied on
 * @param fetchedAt when the last answer ended
 * @param requests made for the rows, retries included
 * @param controlRequests made for the control totals
 * @param splits parts that over-limit periods were split into
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

  /** The same, with requests that were made for the rows before, in vain. */
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
   * What a report's window took: the requests of a question that fills several reports stand with
   * the first of them.
   */
  public int requestsOf(Report report) {
    return report.equals(task.reports().get(0)) ? requests + controlRequests : 0;
  }
}
