package fathomexport.beam;

import fathomexport.api.CurrentVisitors;
import fathomexport.api.Outcome;
import fathomexport.report.SiteId;
import fathomexport.report.VisitorSample;
import fathomexport.run.ExportSpec;
import fathomexport.run.FailureKind;
import fathomexport.run.FetchFailedException;
import fathomexport.run.WindowOutcome;
import java.time.Instant;
import org.apache.beam.sdk.io.range.OffsetRange;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.transforms.splittabledofn.RestrictionTracker;
import org.apache.beam.sdk.values.TupleTag;

/**
 * Asks who is on each site of a queue. Checkpointed after each, as {@link FetchWindows} is: a
 * sample is stored before the quota is waited for again.
 */
@DoFn.BoundedPerElement
final class SampleSites extends DoFn<SiteQueue, VisitorSample> {
  private static final long serialVersionUID = 1L;

  private final ExportSpec spec;
  private final boolean detailed;
  private final TupleTag<WindowOutcome> failures;
  private final boolean checkpoints;

  /**
   * @param checkpoints whether the runner hands on what was sampled before it resumes
   */
  SampleSites(
      ExportSpec spec, boolean detailed, TupleTag<WindowOutcome> failures, boolean checkpoints) {
    this.spec = spec;
    this.detailed = detailed;
    this.failures = failures;
    this.checkpoints = checkpoints;
  }

  @GetInitialRestriction
  public OffsetRange positions(@Element SiteQueue queue) {
    return new OffsetRange(0, queue.sites().size());
  }

  @ProcessElement
  public ProcessContinuation sample(
      @Element SiteQueue queue,
      RestrictionTracker<OffsetRange, Long> positions,
      MultiOutputReceiver out) {
    RunServices run = RunServices.of(spec);
    if (checkpoints && run.inHand() > 0) {
      return ProcessContinuation.resume();
    }
    long position = positions.currentRestriction().getFrom();
    if (!positions.tryClaim(position)) {
      return ProcessContinuation.stop();
    }
    sample(run, queue.sites().get(Math.toIntExact(position)), out);
    ExportPipeline.REQUESTS.inc(run.takeRequestCount());
    return ProcessContinuation.resume();
  }

  private void sample(RunServices run, SiteId site, MultiOutputReceiver out) {
    WindowOutcome failure = run.halted().orElse(null);
    if (failure == null) {
      try {
        Outcome<CurrentVisitors> outcome = run.client().currentVisitors(site, detailed);
        Instant answered = run.environment().time().instant();
        if (outcome instanceof Outcome.Success<CurrentVisitors> success) {
          VisitorSample sample = sample(site, answered, success.answer());
          run.environment().listener().rowsFetched(sample.rows());
          run.handOver(1);
          out.get(SnapshotPipeline.SAMPLED).output(sample);
          return;
        }
        failure =
            run.failed(site, new FetchFailedException((Outcome.Failure<CurrentVisitors>) outcome));
      } catch (RuntimeException e) {
        failure = run.failed(site, e);
      }
    }
    WindowOutcome named =
        WindowOutcome.failed(
                SiteQueue.name(site),
                failure.failure() == null ? FailureKind.FAULT : failure.failure(),
                failure.message())
            .about(site);
    run.environment().listener().windowEnded(named);
    out.get(failures).output(named);
  }

  private static VisitorSample sample(SiteId site, Instant answered, CurrentVisitors now) {
    return new VisitorSample(
        site,
        answered,
        now.total(),
        now.pages().stream()
            .map(p -> new VisitorSample.Page(p.hostname(), p.pathname(), p.total()))
            .toList(),
        now.referrers().stream()
            .map(
                r ->
                    new VisitorSample.Referrer(
                        r.referrerHostname(), r.referrerPathname(), r.total()))
            .toList());
  }
}
