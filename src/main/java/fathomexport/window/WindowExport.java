package fathomexport.window;

import fathomexport.certify.Certifier;
import fathomexport.fetch.Fetched;
import fathomexport.fetch.SpillDirectory;
import fathomexport.fetch.WindowFetcher;
import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.PeriodCertificate;
import fathomexport.plan.FetchTask;
import fathomexport.report.Report;
import fathomexport.report.Slice;
import fathomexport.report.Window;
import fathomexport.run.FailureKind;
import fathomexport.run.WindowOutcome;
import fathomexport.sink.WindowConfirmation;
import java.io.IOException;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Exports windows. Fetched rows become a window of each report that the task fills: typed,
 * certified and committed. Periods that the control confirms are recorded as confirmed; periods
 * that were not fetched are reported. Each window has one outcome, and failures are classified in
 * one place.
 */
final class WindowExport {
  private final RunContext run;
  private final WindowStore store;

  /** The places of the chunks that come next, of windows that have not ended. */
  private final Map<NextChunk, WindowOutcome.ChunkPlace> open = new HashMap<>();

  /** Where the next chunk of a window begins. */
  private record NextChunk(String report, Slice slice, LocalDate first) {}

  WindowExport(RunContext run) {
    this.run = run;
    this.store = new WindowStore(run);
  }

  /** Exports the result of a fetch and reports each window's outcome as soon as it ends. */
  void export(LaneFetch.Result result, Consumer<WindowOutcome> ended) {
    if (result instanceof LaneFetch.Result.Came came) {
      Consumer<WindowOutcome> placed = outcome -> ended.accept(placed(outcome, came.last()));
      if (came.chunk() instanceof WindowFetcher.Chunk.Rows rows) {
        export(rows.fetched(), placed);
      } else {
        confirm((WindowFetcher.Chunk.Confirmed) came.chunk(), placed);
      }
    } else if (result instanceof LaneFetch.Result.Nothing nothing) {
      leaveOut(nothing, outcome -> ended.accept(placed(outcome, true)));
    } else {
      throw new IllegalStateException("a result that a lane handles itself: " + result);
    }
  }

  /**
   * Returns the outcome of a chunk in its place in the window.
   *
   * @param last whether the window ends with it
   */
  private WindowOutcome placed(WindowOutcome outcome, boolean last) {
    Window window = outcome.subject();
    if (window == null) {
      return outcome;
    }
    WindowOutcome.ChunkPlace before = open.remove(next(window, window.days().first()));
    WindowOutcome placed =
        outcome.as(
            before == null
                ? new WindowOutcome.ChunkPlace(last, true, false, null)
                : new WindowOutcome.ChunkPlace(
                    last, before.committedBefore(), before.changedBefore(), before.failedBefore()));
    continued(placed);
    return placed;
  }

  /** Has the chunk after this one, if there is one, know what became of the window so far. */
  void continued(WindowOutcome outcome) {
    Window window = outcome.subject();
    if (window != null && !outcome.chunk().last()) {
      open.put(next(window, window.days().last().plusDays(1)), outcome.next());
    }
  }

  private static NextChunk next(Window window, LocalDate first) {
    return new NextChunk(window.report(), window.slice(), first);
  }

  private void export(Fetched fetched, Consumer<WindowOutcome> ended) {
    run.environment().listener().rowsFetched(fetched.raw().rows());
    try {
      for (Report report : fetched.task().reports()) {
        Window window = fetched.task().window(report);
        long requests = fetched.requestsOf(report);
        Optional<WindowOutcome> refused = run.failures().refused(report);
        ended.accept(
            refused.isPresent()
                ? refused.get().about(window, requests)
                : judged(window, requests, () -> export(fetched, report)));
      }
    } finally {
      SpillDirectory.drop(fetched.raw());
    }
  }

  private WindowOutcome export(Fetched fetched, Report report) throws IOException {
    try (TypedWindow typed = RowTyping.type(run, fetched, report)) {
      return store.commit(typed, certify(typed));
    }
  }

  /** Compares each period's sums with the control totals. */
  private static List<PeriodCertificate> certify(TypedWindow typed) {
    Fetched fetched = typed.fetched();
    Map<LocalDate, Certifier.Fault> faults = new HashMap<>();
    typed
        .refused()
        .forEach(
            (period, refused) ->
                faults.put(
                    period,
                    new Certifier.Fault(
                        refused.rows() + " rows could not be typed, such as: " + refused.first(),
                        false)));
    faults.putAll(fetched.faults());
    return Certifier.certify(
        typed.window(),
        typed.report().entity(),
        typed.sums(),
        typed.digests(),
        fetched.control(),
        fetched.noControl(),
        faults);
  }

  private void confirm(WindowFetcher.Chunk.Confirmed chunk, Consumer<WindowOutcome> ended) {
    int requests = chunk.requests();
    for (Report report : chunk.task().reports()) {
      Window window = chunk.task().window(report);
      int took = requests;
      ended.accept(judged(window, took, () -> confirm(chunk, report, window, took)));
      requests = 0;
    }
  }

  private WindowOutcome confirm(
      WindowFetcher.Chunk.Confirmed chunk, Report report, Window window, int requests) {
    LedgerEntry.Confirmed by = new LedgerEntry.Confirmed(chunk.at(), run.runId());
    run.sinks().confirm(new WindowConfirmation(window, report, chunk.answers(), by));
    return new WindowOutcome(window.toString(), null, "", true, 0, 0, 0)
        .with(new WindowOutcome.Periods(chunk.answers().size(), 0, 0))
        .about(window, requests);
  }

  private void leaveOut(LaneFetch.Result.Nothing nothing, Consumer<WindowOutcome> ended) {
    FetchTask task = nothing.left();
    long requests = nothing.requests();
    for (Report report : task.reports()) {
      WindowOutcome why = run.failures().refused(report).orElse(nothing.why());
      Window window = task.window(report);
      ended.accept(
          WindowOutcome.failed(
                  window.toString(),
                  why.failure() == null ? FailureKind.FAULT : why.failure(),
                  why.message())
              .withFailedQuery(why.queryFailed())
              .about(window, requests));
      requests = 0;
    }
  }

  /** The steps that export one window. */
  private interface Verbs {
    WindowOutcome run() throws IOException;
  }

  /**
   * Runs the steps of a window. A failure ends the window, and more if {@link
   * fathomexport.run.FailurePolicy} says so.
   */
  private WindowOutcome judged(Window window, long requests, Verbs verbs) {
    try {
      return verbs.run();
    } catch (IOException | RuntimeException e) {
      return run.failures().judge(window, requests, e);
    }
  }
}
