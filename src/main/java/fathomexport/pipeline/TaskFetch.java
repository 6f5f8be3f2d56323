package fathomexport.pipeline;

import fathomexport.api.Outcome;
import fathomexport.api.Refusal;
import fathomexport.ledger.LedgerException;
import fathomexport.plan.FetchTask;
import java.io.IOException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Fetches one task, and says what a failure means for its window, for its site and for the run. */
final class TaskFetch implements Prefetcher.Pieces {
  private static final Logger LOG = LoggerFactory.getLogger(TaskFetch.class);

  private final RunServices run;
  private final FetchTask task;
  private final WindowFetcher.Pieces pieces;

  TaskFetch(RunServices run, FetchTask task) {
    this.run = run;
    this.task = task;
    this.pieces = run.fetcher(task).begin(task);
  }

  @Override
  public Prefetcher.Result next() {
    try {
      if (run.halted().isEmpty()) {
        run.haltUnlessLocked();
      }
      WindowOutcome ended = run.halted().or(() -> run.lost(task)).orElse(null);
      if (ended != null) {
        return nothing(ended);
      }
      long least = run.leastRequests(pieces.left());
      Optional<String> spent = run.spending().begin(least);
      if (spent.isPresent()) {
        run.halt(WindowOutcome.failed("", FailureKind.BUDGET, spent.get()));
        return nothing(run.halted().orElseThrow());
      }
      try {
        Fetched fetched = pieces.next();
        return new Prefetcher.Result.Rows(fetched, pieces.done());
      } finally {
        run.spending().ended(least);
      }
    } catch (FetchFailedException e) {
      return laterOrNothing(e.failure(), failed(e.failure()));
    } catch (IOException e) {
      WindowOutcome outcome =
          WindowOutcome.failed("", FailureKind.STORAGE, "cannot spill rows: " + e.getMessage());
      run.halt(outcome);
      return nothing(outcome);
    } catch (LedgerException e) {
      WindowOutcome outcome =
          WindowOutcome.failed("", FailureKind.STORAGE, String.valueOf(e.getMessage()));
      run.halt(outcome);
      return nothing(outcome);
    } catch (RuntimeException e) {
      LOG.error("{}: a fault of ours", task, e);
      return nothing(WindowOutcome.failed("", FailureKind.FAULT, "a fault of ours: " + e));
    }
  }

  private Prefetcher.Result nothing(WindowOutcome why) {
    return new Prefetcher.Result.Nothing(pieces.left(), why);
  }

  /** What may work later in this run gets another turn. */
  private Prefetcher.Result laterOrNothing(Outcome.Failure<?> failure, WindowOutcome why) {
    boolean interrupted =
        failure instanceof Outcome.Unavailable<?> u
            && u.cause() == Outcome.Unavailable.Cause.INTERRUPTED;
    boolean attempted =
        (failure instanceof Outcome.Unavailable<?> u
                && u.cause() == Outcome.Unavailable.Cause.ATTEMPTS)
            || (failure instanceof Outcome.Malformed<?> malformed && !malformed.lasting());
    return interrupted || attempted
        ? new Prefetcher.Result.Later(pieces.left(), why, attempted)
        : nothing(why);
  }

  private WindowOutcome failed(Outcome.Failure<?> failure) {
    String words = failure.describe();
    if (failure instanceof Outcome.Refused<?> refused) {
      switch (refused.refusal()) {
        case CREDENTIALS -> {
          WindowOutcome outcome = WindowOutcome.failed("", FailureKind.PERMISSION, words);
          run.halt(outcome);
          return outcome;
        }
        case PERMISSION, NOT_FOUND -> {
          WindowOutcome outcome = WindowOutcome.failed("", FailureKind.PERMISSION, words);
          // An event that is gone says nothing of its site.
          if (refused.refusal() != Refusal.NOT_FOUND || task.slice().event() == null) {
            run.lose(task.site().id(), outcome);
          }
          return outcome;
        }
        case RANGE, PARAMETERS, OTHER -> {
          return WindowOutcome.failed("", FailureKind.CONFIGURATION, words);
        }
      }
    }
    if (failure instanceof Outcome.Stopped) {
      return WindowOutcome.failed("", FailureKind.STOPPED, words);
    }
    if (failure instanceof Outcome.Spent) {
      WindowOutcome outcome = WindowOutcome.failed("", FailureKind.BUDGET, words);
      run.halt(outcome);
      return outcome;
    }
    if (failure instanceof Outcome.Malformed<?> malformed && malformed.lasting()) {
      return WindowOutcome.failed("", FailureKind.INCOMPLETE, words);
    }
    if (failure instanceof Outcome.Misconfigured) {
      WindowOutcome outcome = WindowOutcome.failed("", FailureKind.CONFIGURATION, words);
      run.halt(outcome);
      return outcome;
    }
    WindowOutcome outcome = WindowOutcome.failed("", FailureKind.TRY_LATER, words);
    run.troubled(task.site().id());
    if (failure instanceof Outcome.Unavailable<?> unavailable) {
      if (unavailable.endsRun()) {
        run.halt(outcome);
      } else if (unavailable.cause() == Outcome.Unavailable.Cause.RETRIES_SPENT) {
        run.exhaust(task, outcome);
      }
    }
    return outcome;
  }
}
