package fathomexport.beam;

import fathomexport.fetch.Fetched;
import fathomexport.plan.FetchTask;
import fathomexport.report.Report;
import fathomexport.run.ExportSpec;
import fathomexport.run.FailureKind;
import fathomexport.run.WindowOutcome;
import java.util.List;
import org.apache.beam.sdk.io.range.OffsetRange;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.transforms.splittabledofn.RestrictionTracker;
import org.apache.beam.sdk.values.TupleTag;

/**
 * Fetches the tasks of a lane, given by its place in the plan, in order. The plan comes with the
 * step: a runner copies an element at each checkpoint, and years of tasks would be copied once a
 * window. Splittable over the lane's pieces, and checkpointed after each, so that a window goes on
 * to its commit before the runner waits for the next: a plain function's output would wait for the
 * end of the lane. An offset is claimed before anything is waited for; where no piece stands at it,
 * that of the next one is claimed too.
 */
@DoFn.BoundedPerElement
final class FetchWindows extends DoFn<Integer, Fetched> {
  private static final long serialVersionUID = 1L;

  private final ExportSpec spec;
  private final List<Lane> lanes;
  private final TupleTag<WindowOutcome> failures;
  private final boolean checkpoints;

  /**
   * @param lanes the plan
   * @param checkpoints whether the runner hands on what was put out when it is told to resume
   *     later: one that does not would never end a wait for the commit
   */
  FetchWindows(
      ExportSpec spec, List<Lane> lanes, TupleTag<WindowOutcome> failures, boolean checkpoints) {
    this.spec = spec;
    this.lanes = List.copyOf(lanes);
    this.failures = failures;
    this.checkpoints = checkpoints;
  }

  @GetInitialRestriction
  public OffsetRange positions(@Element Integer lane) {
    return new OffsetRange(0, Prefetcher.end(lanes.get(lane)));
  }

  @ProcessElement
  public ProcessContinuation fetch(
      @Element Integer lane,
      RestrictionTracker<OffsetRange, Long> offsets,
      MultiOutputReceiver out) {
    RunServices run = RunServices.of(spec);
    if (checkpoints && run.inHand() > 0) {
      // What was fetched is committed before anything is waited for.
      return ProcessContinuation.resume();
    }
    Lane tasks = lanes.get(lane);
    long offset = offsets.currentRestriction().getFrom();
    while (offsets.tryClaim(offset)) {
      Prefetcher.Placed piece = run.prefetcher().at(tasks, offset).orElse(null);
      if (piece == null) {
        offset = Prefetcher.end(tasks);
        continue;
      }
      if (piece.offset() != offset && !offsets.tryClaim(piece.offset())) {
        return ProcessContinuation.stop();
      }
      run.prefetcher().taken(tasks, piece);
      hand(run, piece, out);
      ExportPipeline.REQUESTS.inc(run.takeRequestCount());
      offset = piece.offset() + 1;
      // When nothing more is asked for, what is left is only told, without a checkpoint each.
      if (run.halted().isEmpty() && offset < offsets.currentRestriction().getTo()) {
        return ProcessContinuation.resume();
      }
    }
    return ProcessContinuation.stop();
  }

  private void hand(RunServices run, Prefetcher.Placed piece, MultiOutputReceiver out) {
    if (piece.result() instanceof Prefetcher.Result.Rows rows) {
      Fetched fetched = rows.fetched();
      run.environment().listener().rowsFetched(fetched.raw().rows());
      run.handOver(fetched.task().reports().size());
      out.get(ExportPipeline.FETCHED).output(fetched);
      return;
    }
    if (piece.result() instanceof Prefetcher.Result.Confirmed confirmed) {
      ConfirmWindows.confirm(
          run,
          confirmed.periods(),
          outcome -> {
            run.environment().listener().windowEnded(outcome);
            out.get(failures).output(outcome);
          });
      return;
    }
    Prefetcher.Result.Nothing nothing = (Prefetcher.Result.Nothing) piece.result();
    FetchTask task = nothing.left();
    long requests = nothing.requests();
    for (Report report : task.reports()) {
      WindowOutcome why = run.refused(report).orElse(nothing.why());
      WindowOutcome outcome =
          WindowOutcome.failed(
                  task.window(report).toString(),
                  why.failure() == null ? FailureKind.FAULT : why.failure(),
                  why.message())
              .about(task.window(report), requests);
      requests = 0;
      run.environment().listener().windowEnded(outcome);
      out.get(failures).output(outcome);
    }
  }
}
