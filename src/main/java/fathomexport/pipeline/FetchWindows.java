package fathomexport.pipeline;

import fathomexport.api.Outcome;
import fathomexport.plan.FetchTask;
import fathomexport.report.Report;
import java.io.IOException;
import org.apache.beam.sdk.io.range.OffsetRange;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.transforms.splittabledofn.RestrictionTracker;
import org.apache.beam.sdk.values.TupleTag;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches a lane's tasks in order. Splittable over the lane's positions, and checkpointed after
 * each, so that a window goes on to its commit while the next is fetched: a plain function's output
 * would wait for the end of the lane. A position is claimed, then exactly that one is fetched.
 */
@DoFn.BoundedPerElement
final class FetchWindows extends DoFn<Lane, Fetched> {
  private static final long serialVersionUID = 1L;
  private static final Logger LOG = LoggerFactory.getLogger(FetchWindows.class);

  private final ExportSpec spec;
  private final TupleTag<WindowOutcome> failures;

  FetchWindows(ExportSpec spec, TupleTag<WindowOutcome> failures) {
    this.spec = spec;
    this.failures = failures;
  }

  @GetInitialRestriction
  public OffsetRange positions(@Element Lane lane) {
    return new OffsetRange(0, lane.tasks().size());
  }

  @ProcessElement
  public ProcessContinuation fetch(
      @Element Lane lane,
      RestrictionTracker<OffsetRange, Long> positions,
      MultiOutputReceiver out) {
    long position = positions.currentRestriction().getFrom();
    while (positions.tryClaim(position)) {
      fetch(lane.tasks().get(Math.toIntExact(position)), out);
      position++;
      // When nothing more is asked for, what is left is only told, without a checkpoint each.
      if (RunServices.of(spec).halted().isEmpty()
          && position < positions.currentRestriction().getTo()) {
        return ProcessContinuation.resume();
      }
    }
    return ProcessContinuation.stop();
  }

  private void fetch(FetchTask task, MultiOutputReceiver out) {
    RunServices run = RunServices.of(spec);
    WindowOutcome ended = run.halted().or(() -> run.lost(task.site().id())).orElse(null);
    if (ended == null) {
      try {
        Fetched fetched = run.fetcher().fetch(task);
        run.environment().listener().rowsFetched(fetched.raw().rows());
        out.get(ExportPipeline.FETCHED).output(fetched);
        return;
      } catch (FetchFailedException e) {
        ended = failed(run, task, e.failure());
      } catch (IOException e) {
        ended =
            WindowOutcome.failed("", FailureKind.STORAGE, "cannot spill rows: " + e.getMessage());
        run.halt(ended);
      } catch (RuntimeException e) {
        LOG.error("{}: a fault of ours", task, e);
        ended = WindowOutcome.failed("", FailureKind.FAULT, "a fault of ours: " + e);
      }
    }
    for (Report report : task.reports()) {
      WindowOutcome outcome =
          WindowOutcome.failed(
              task.window(report).toString(),
              ended.failure() == null ? FailureKind.FAULT : ended.failure(),
              ended.message());
      run.environment().listener().windowEnded(outcome);
      out.get(failures).output(outcome);
    }
  }

  /** What a failure means for this window, for its site, for the run. */
  private static WindowOutcome failed(RunServices run, FetchTask task, Outcome.Failure<?> failure) {
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
          run.lose(task.site().id(), outcome);
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
    if (failure instanceof Outcome.Malformed) {
      return WindowOutcome.failed("", FailureKind.INCOMPLETE, words);
    }
    WindowOutcome outcome = WindowOutcome.failed("", FailureKind.TRY_LATER, words);
    if (failure instanceof Outcome.Unavailable<?> unavailable && unavailable.budgetSpent()) {
      run.halt(outcome);
    }
    return outcome;
  }
}
