package fathomexport.beam;

import fathomexport.ledger.RunRecord;
import fathomexport.run.ExportSpec;
import fathomexport.run.FailureKind;
import fathomexport.run.RunSummary;
import java.time.Instant;
import org.apache.beam.sdk.transforms.DoFn;
import org.jspecify.annotations.Nullable;

/**
 * Writes the run's summary where the launcher finds it again, whichever machine this is: to the
 * ledger.
 */
public final class RecordSummary extends DoFn<RunSummary, Void> {
  private static final long serialVersionUID = 1L;

  private final ExportSpec spec;
  private final RunSummary before;
  private final boolean last;

  /**
   * @param before what has become of the run's other windows
   * @param last whether the run has ended with these
   */
  RecordSummary(ExportSpec spec, RunSummary before, boolean last) {
    this.spec = spec;
    this.before = before;
    this.last = last;
  }

  @ProcessElement
  public void record(@Element RunSummary summary) {
    RunServices run = RunServices.of(spec);
    RunSummary all = before.plus(summary);
    run.summarised(all);
    RunRecord record = of(spec, all, run.environment().time().instant(), 0, all.exitCode());
    run.sinks().ledger().record(last ? record : underWay(record));
  }

  /** The ledger's record of a run that ended with this summary. */
  public static RunRecord of(
      ExportSpec spec, RunSummary summary, Instant finishedAt, long requests, int exitCode) {
    long skipped = summary.failed(FailureKind.STOPPED) + summary.failed(FailureKind.BUDGET);
    long incomplete = summary.failed(FailureKind.INCOMPLETE);
    long failed =
        summary.failures().values().stream().mapToLong(n -> n).sum() - skipped - incomplete;
    return new RunRecord(
        spec.runId(),
        spec.pipeline(),
        spec.command(),
        spec.startedAt(),
        finishedAt,
        exitCode,
        // A window of many requests is committed in pieces.
        Math.max(spec.windowsPlanned(), summary.windows()),
        summary.committed(),
        summary.unchanged(),
        summary.incomplete(),
        failed,
        skipped,
        summary.rows(),
        summary.quarantined(),
        requests,
        summary.messages());
  }

  /** The record of a run that is under way: what remains of one that is killed. */
  public static RunRecord begun(ExportSpec spec) {
    return underWay(of(spec, RunSummary.EMPTY, spec.startedAt(), 0, 0));
  }

  private static RunRecord underWay(RunRecord record) {
    return copy(record, null, null, record.requests());
  }

  public static RunRecord withRequests(RunRecord record, long requests) {
    return copy(record, record.finishedAt(), record.exitCode(), requests);
  }

  public static RunRecord finished(RunRecord record, Instant at, int exitCode) {
    return copy(record, at, exitCode, record.requests());
  }

  private static RunRecord copy(
      RunRecord r, @Nullable Instant finishedAt, @Nullable Integer exitCode, long requests) {
    return new RunRecord(
        r.runId(),
        r.pipeline(),
        r.command(),
        r.startedAt(),
        finishedAt,
        exitCode,
        r.windowsPlanned(),
        r.windowsCommitted(),
        r.windowsUnchanged(),
        r.windowsIncomplete(),
        r.windowsFailed(),
        r.windowsSkipped(),
        r.rows(),
        r.quarantined(),
        requests,
        r.messages());
  }
}
