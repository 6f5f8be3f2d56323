package fathomexport.window;

import fathomexport.fetch.ChunkedFetch;
import fathomexport.fetch.WindowFetcher;
import fathomexport.plan.FetchTask;
import fathomexport.quota.Spending;
import fathomexport.run.FailureKind;
import fathomexport.run.FailurePolicy;
import fathomexport.run.FetchFailedException;
import fathomexport.run.WindowOutcome;
import java.io.IOException;
import java.util.Optional;

/** Fetches one task chunk by chunk; {@link FailurePolicy} classifies its failures. */
final class TaskFetch implements LaneFetch.TaskChunks {
  private final RunContext run;
  private final RunFailures failures;
  private final FetchTask task;
  private final WindowFetcher fetcher;
  private final ChunkedFetch chunks;

  /** Requests of the chunks before the current one. */
  private long requestsBefore;

  /**
   * @param turn the turn of the task, from 1
   */
  TaskFetch(RunContext run, FetchTask task, int turn) {
    this.run = run;
    this.failures = run.failures();
    this.task = task;
    this.fetcher = run.fetcher(task, turn);
    this.chunks = fetcher.begin(task);
  }

  @Override
  public LaneFetch.Result next() {
    requestsBefore = fetcher.requests();
    try {
      if (failures.halted().isEmpty()) {
        failures.haltUnlessLocked();
      }
      WindowOutcome ended =
          failures
              .halted(task)
              .or(() -> failures.lost(task))
              .or(() -> failures.refused(task))
              .orElse(null);
      if (ended != null) {
        return nothing(ended);
      }
      long expected = chunks.expected();
      Spending spending = run.spending(task.site().account());
      Optional<String> spent = spending.begin(expected);
      if (spent.isPresent()) {
        failures.halt(
            task.site().account(), WindowOutcome.failed("", FailureKind.BUDGET, spent.get()));
        return nothing(failures.halted(task.site().account()).orElseThrow());
      }
      try {
        WindowFetcher.Chunk chunk = chunks.next();
        return new LaneFetch.Result.Came(chunk, chunks.done());
      } finally {
        spending.ended(expected);
      }
    } catch (FetchFailedException e) {
      WindowOutcome why = failures.judge(task, e);
      return switch (FailurePolicy.turn(e.failure())) {
        case NONE -> nothing(why);
        case ITS_OWN -> later(why, true);
        case FREE -> later(why, false);
      };
    } catch (IOException | RuntimeException e) {
      return nothing(failures.judge(task, e));
    }
  }

  private LaneFetch.Result nothing(WindowOutcome why) {
    chunks.drop();
    return new LaneFetch.Result.Nothing(chunks.left(), why, fetcher.requests() - requestsBefore);
  }

  /** Returns a result that grants another turn. */
  private LaneFetch.Result later(WindowOutcome why, boolean counts) {
    chunks.drop();
    return new LaneFetch.Result.Later(
        chunks.left(), why, counts, fetcher.requests() - requestsBefore);
  }
}
