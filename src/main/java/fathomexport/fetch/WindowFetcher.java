package fathomexport.fetch;

import fathomexport.api.FathomClient;
import fathomexport.certify.PeriodTotals;
import fathomexport.fetch.control.ControlBook;
import fathomexport.fetch.limits.Knowledge;
import fathomexport.plan.ControlQuery;
import fathomexport.plan.FetchTask;
import fathomexport.run.FetchFailedException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Fetches a task in chunks. {@link ChunkedFetch} decides per period whether to fetch it, to confirm
 * it or to commit it as empty; each page is compared with the control totals before the next is
 * requested.
 */
public final class WindowFetcher {
  private final FetchContext context;

  /**
   * @param turn the turn of the task to fetch, from 1
   * @param eachRequest whether the rows of each request become a chunk as soon as their periods are
   *     complete: on a machine that may be lost, or else after many requests
   */
  public WindowFetcher(
      FathomClient client,
      ControlBook book,
      Knowledge knowledge,
      int rowLimit,
      int maxRangeDays,
      Path spillDirectory,
      int turn,
      boolean eachRequest) {
    this.context =
        new FetchContext(
            client, book, knowledge, rowLimit, maxRangeDays, spillDirectory, turn, eachRequest);
  }

  /** One chunk of a task. */
  public sealed interface Chunk {
    /** Rows, possibly none, and the totals to certify them against. */
    record Rows(Fetched fetched) implements Chunk {
      @Override
      public FetchTask task() {
        return fetched.task();
      }

      @Override
      public Rows after(long inVain) {
        return new Rows(fetched.after(inVain));
      }
    }

    /**
     * Stored periods that the control confirms.
     *
     * @param answers digest of the control's response, by period
     * @param at when the control's response ended
     * @param requests requests that this took
     */
    record Confirmed(FetchTask task, Map<LocalDate, String> answers, Instant at, int requests)
        implements Chunk {
      @Override
      public Confirmed after(long inVain) {
        return new Confirmed(task, answers, at, Math.toIntExact(inVain) + requests);
      }
    }

    /** Returns the part of the task that the chunk contains. */
    FetchTask task();

    /** Returns a copy that also counts earlier requests that failed. */
    Chunk after(long inVain);
  }

  /** Returns the number of billed requests so far, failed ones included. */
  public long requests() {
    return context.client().billedRequestsHere();
  }

  /** Begins a task. Sends no request yet. */
  public ChunkedFetch begin(FetchTask task) {
    return new ChunkedFetch(context, task);
  }

  /**
   * Queries the totals of a control query, ignoring the cache.
   *
   * @param zone the site's zone, which identifies the week of a clock change; null if unknown
   * @throws FetchFailedException if the API gave no usable response
   */
  public PeriodTotals control(ControlQuery query, @Nullable ZoneId zone)
      throws FetchFailedException, IOException {
    ControlTotals control = new ControlTotals(context, query, zone, new Tally());
    control.ask(query.days());
    return control.get(query.days());
  }
}
