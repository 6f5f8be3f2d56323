package fathomexport.beam;

import fathomexport.fetch.WindowFetcher;
import fathomexport.plan.FetchTask;
import fathomexport.run.FailureKind;
import fathomexport.run.FailurePolicy;
import fathomexport.run.FetchFailedException;
import fathomexport.run.WindowOutcome;
import java.io.IOException;
import java.util.Optional;

/** Fetches one task, piece by piece; a failure is judged by {@link FailurePolicy}. */
final class TaskFetch implements Prefetcher.Pieces {
  private final RunServices run;
  private final FetchTask task;
  private final WindowFetcher fetcher;
  private final WindowFetcher.Pieces pieces;

  /** Requests that the pieces before this one took. */
  private long requestsBefore;

  TaskFetch(RunServices run, FetchTask task) {
    this.run = run;
    this.task = task;
    this.fetcher = run.fetcher(task);
    this.pieces = fetcher.begin(task);
  }

  @Override
  public Prefetcher.Result next() {
    requestsBefore = fetcher.requests();
    try {
      if (run.halted().isEmpty()) {
        run.haltUnlessLocked();
      }
      WindowOutcome ended =
          run.halted().or(() -> run.lost(task)).or(() -> run.refused(task)).orElse(null);
      if (ended != null) {
        return nothing(ended);
      }
      long least = pieces.least();
      Optional<String> spent = run.spending().begin(least);
      if (spent.isPresent()) {
        run.halt(WindowOutcome.failed("", FailureKind.BUDGET, spent.get()));
        return nothing(run.halted().orElseThrow());
      }
      try {
        WindowFetcher.Piece piece = pieces.next();
        if (piece instanceof WindowFetcher.Piece.Confirmed confirmed) {
          return new Prefetcher.Result.Confirmed(confirmed, pieces.done());
        }
        return new Prefetcher.Result.Rows(
            ((WindowFetcher.Piece.Rows) piece).fetched(), pieces.done());
      } finally {
        run.spending().ended(least);
      }
    } catch (FetchFailedException e) {
      WindowOutcome why = run.failed(task, e);
      return switch (FailurePolicy.turn(e.failure())) {
        case NONE -> nothing(why);
        case ITS_OWN -> later(why, true);
        case FREE -> later(why, false);
      };
    } catch (IOException | RuntimeException e) {
      return nothing(run.failed(task, e));
    }
  }

  private Prefetcher.Result nothing(WindowOutcome why) {
    pieces.drop();
    return new Prefetcher.Result.Nothing(pieces.left(), why, fetcher.requests() - requestsBefore);
  }

  /** What may work later in this run gets another turn, where the order may change. */
  private Prefetcher.Result later(WindowOutcome why, boolean counts) {
    if (!run.mayReorder()) {
      return nothing(why);
    }
    pieces.drop();
    return new Prefetcher.Result.Later(
        pieces.left(), why, counts, fetcher.requests() - requestsBefore);
  }
}
