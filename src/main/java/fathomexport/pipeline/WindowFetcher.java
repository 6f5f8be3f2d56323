package fathomexport.pipeline;

import fathomexport.api.FathomClient;
import fathomexport.certify.PeriodTotals;
import fathomexport.plan.ControlQuery;
import fathomexport.plan.FetchTask;
import fathomexport.report.DayRange;
import fathomexport.report.rows.RowSpool;
import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneId;
import org.jspecify.annotations.Nullable;

/**
 * Fetches a task page by page, and checks each page against the control totals before the next is
 * asked for, so that a cut-off, a cap or a restatement is found where it can still be mended.
 */
final class WindowFetcher {
  private final FetchContext context;

  WindowFetcher(
      FathomClient client,
      ControlBook book,
      Knowledge knowledge,
      int rowLimit,
      int maxRangeDays,
      Path spillDirectory) {
    this.context =
        new FetchContext(client, book, knowledge, rowLimit, maxRangeDays, spillDirectory);
  }

  /** Begins a task; asks for nothing yet. */
  Pieces begin(FetchTask task) {
    return new Pieces(task);
  }

  /**
   * A task on its way: its rows come in one piece, or in several of whole months when they take
   * many requests. Each piece is a window of its own, so that what was paid for is soon committed,
   * and a run that is killed loses little of it.
   */
  final class Pieces {
    private final FetchTask task;
    private @Nullable PagedFetch walk;
    private String noControl = "";
    private LocalDate next;

    private Pieces(FetchTask task) {
      this.task = task;
      this.next = task.days().first();
    }

    /** Whether there is no further piece. */
    boolean done() {
      return next.isAfter(task.days().last());
    }

    /** What has not come yet. */
    FetchTask left() {
      return task.during(new DayRange(next, task.days().last()));
    }

    /**
     * The next piece, and the totals to certify it against. None comes after one that failed.
     *
     * @throws FetchFailedException when the API gave no answer that could be used
     * @throws IOException when rows cannot be spilled
     */
    Fetched next() throws FetchFailedException, IOException {
      PagedFetch rows = walk;
      try {
        if (rows == null) {
          rows = start();
          walk = rows;
        }
        rows.run();
        DayRange days = new DayRange(next, rows.end());
        FetchTask piece = days.equals(task.days()) ? task : task.during(days);
        new EmptinessCheck(context, piece, rows).run();
        PeriodTotals totals;
        if (task.isControl()) {
          if (rows.faults().isEmpty()) {
            context.book().put(task.control(), task.days(), rows.totals());
          }
          totals = rows.totals();
        } else {
          ControlTotals control = rows.control();
          totals = control == null ? null : control.get(days);
        }
        Fetched fetched = rows.piece(piece, totals, noControl);
        next = days.last().plusDays(1);
        return fetched;
      } catch (FetchFailedException | IOException | RuntimeException e) {
        if (rows != null) {
          rows.close();
        }
        throw e;
      }
    }

    private PagedFetch start() throws FetchFailedException, IOException {
      context.book().goOnTo(task.control());
      Tally tally = new Tally();
      ZoneId zone = task.site().zone();
      ControlTotals control = null;
      if (!task.isControl()) {
        control = new ControlTotals(context, task.control(), zone, tally);
        noControl = control.missing(task.days());
      }
      return new PagedFetch(
          context,
          task.slice(),
          task.shape(),
          task.days(),
          zone,
          noControl.isEmpty() ? control : null,
          new RowSpool(context.spillDirectory()),
          tally);
    }
  }

  /**
   * The totals of a control query, from this run's book when it was asked before.
   *
   * @throws FetchFailedException when the API gave no answer that could be used
   */
  PeriodTotals control(ControlQuery query) throws FetchFailedException, IOException {
    return new ControlTotals(context, query, null, new Tally()).get(query.days());
  }
}
