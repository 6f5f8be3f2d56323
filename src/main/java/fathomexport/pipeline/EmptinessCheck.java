package fathomexport.pipeline;

import fathomexport.certify.Certifier;
import fathomexport.certify.PeriodTotals;
import fathomexport.plan.ControlQuery;
import fathomexport.plan.FetchTask;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.QueryShape;
import java.io.IOException;
import java.time.LocalDate;
import java.util.List;

/**
 * Before silence about days replaces rows that are stored, the same is asked as one total, of
 * neighbouring days together: the answer and its control may be silent for one and the same reason.
 */
final class EmptinessCheck {
  private final FetchContext context;
  private final FetchTask task;
  private final PagedFetch rows;
  private final Aggregate measure;

  /**
   * @param task what was asked for
   * @param rows what came
   */
  EmptinessCheck(FetchContext context, FetchTask task, PagedFetch rows) {
    this.context = context;
    this.task = task;
    this.rows = rows;
    this.measure = Aggregate.additiveOf(task.shape().entity()).get(0);
  }

  /** Asks for totals where there is silence; finds fault with what they contradict. */
  void run() throws FetchFailedException, IOException {
    List<LocalDate> silent = silent();
    int begin = 0;
    while (begin < silent.size()) {
      int end = begin;
      while (end + 1 < silent.size()
          && silent.get(end + 1).equals(rows.endOf(silent.get(end)).plusDays(1))) {
        end++;
      }
      confirm(silent.subList(begin, end + 1));
      begin = end + 1;
    }
  }

  /** The periods of which nothing came, though rows are stored of them. */
  private List<LocalDate> silent() throws FetchFailedException, IOException {
    ControlTotals control = rows.control();
    PeriodTotals expected = control == null ? rows.totals() : control.get(task.days());
    return task.heldPeriods().stream()
        .filter(p -> rows.totals().of(p).rows() == 0 && !rows.faults().containsKey(p))
        .filter(p -> expected.of(p).sum(measure) == 0)
        .sorted()
        .toList();
  }

  private void confirm(List<LocalDate> periods) throws FetchFailedException, IOException {
    QueryShape shape =
        new QueryShape(
            task.shape().entity(),
            Aggregate.additiveOf(task.shape().entity()),
            DateGrouping.NONE,
            List.of(),
            task.shape().filters());
    DayRange range = new DayRange(periods.get(0), rows.endOf(periods.get(periods.size() - 1)));
    PeriodTotals.Total total =
        new ControlTotals(context, new ControlQuery(task.slice(), shape, range), null, rows.tally())
            .get(range)
            .of(range.first());
    if (total.rows() > 0 && total.sum(measure) == 0) {
      return;
    }
    String reason =
        total.rows() == 0
            ? "the answer had no rows, and neither had the total, which always has one"
            : "the answer had no rows, but the total of "
                + range
                + " counts "
                + total.sum(measure)
                + " "
                + measure.apiName();
    periods.forEach(p -> rows.fault(p, new Certifier.Fault(reason, false)));
  }
}
