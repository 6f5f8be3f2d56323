package fathomexport.window;

import fathomexport.run.RunSummary;
import fathomexport.run.WindowOutcome;
import java.util.Optional;

/** Exports the windows of a lane; the next is fetched while one is committed. */
public final class LaneExport {
  private final RunContext run;
  private RunSummary summary = RunSummary.EMPTY;

  public LaneExport(RunContext run) {
    this.run = run;
  }

  /** Exports the lane to its end and returns the summary of its windows. */
  public RunSummary export(Lane lane) {
    Lane left =
        run.mayBeAgain(lane) ? new CommittedBefore(run).without(lane, this::endedBefore) : lane;
    WindowExport windows = new WindowExport(run);
    try (LaneFetch fetch = run.fetch(left)) {
      Optional<LaneFetch.Result> next = fetch.next();
      while (next.isPresent()) {
        windows.export(next.get(), this::ended);
        next = fetch.next();
      }
    }
    return summary;
  }

  private void endedBefore(WindowOutcome outcome) {
    run.endedBefore(outcome);
    summary = summary.plus(RunSummary.of(outcome));
  }

  private void ended(WindowOutcome outcome) {
    run.ended(outcome);
    summary = summary.plus(RunSummary.of(outcome));
  }
}
