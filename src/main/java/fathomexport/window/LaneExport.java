package fathomexport.window;

import fathomexport.plan.FetchTask;
import fathomexport.run.ExportFailedException;
import fathomexport.run.FailureKind;
import fathomexport.run.RunSummary;
import fathomexport.run.WindowOutcome;
import java.util.Optional;

/** Exports the windows of a lane; the next is fetched while one is committed. */
public final class LaneExport {
  private final RunContext run;
  private final WindowExport windows;
  private RunSummary summary = RunSummary.EMPTY;

  public LaneExport(RunContext run) {
    this.run = run;
    this.windows = new WindowExport(run);
  }

  /**
   * Exports the lane to its end and returns the summary of its windows.
   *
   * @throws ExportFailedException if the thread is interrupted
   */
  public RunSummary export(Lane lane) {
    CommittedBefore before = new CommittedBefore(run);
    Lane left = run.mayBeAgain(lane) ? before.without(lane, this::endedBefore) : lane;
    try (LaneFetch fetch = run.fetch(left)) {
      Optional<LaneFetch.Result> next = fetch.next();
      while (next.isPresent()) {
        FetchTask task = next.get().task();
        before.uncommitted(next.get()).ifPresent(r -> windows.export(r, this::ended));
        requireNotInterrupted();
        run.answers().stored(task.slice(), task.shape(), task.days().last().plusDays(1));
        next = fetch.next();
      }
    }
    return summary;
  }

  /**
   * Ends an interrupted lane before its answers are dropped: what they answer may not be stored,
   * and the lane may begin again.
   */
  private static void requireNotInterrupted() {
    if (Thread.currentThread().isInterrupted()) {
      throw new ExportFailedException(
          FailureKind.STOPPED, "interrupted while a window was exported", null);
    }
  }

  private void endedBefore(WindowOutcome outcome) {
    run.endedBefore(outcome);
    windows.continued(outcome);
    summary = summary.plus(RunSummary.of(outcome));
  }

  private void ended(WindowOutcome outcome) {
    run.ended(outcome);
    summary = summary.plus(RunSummary.of(outcome));
  }
}
