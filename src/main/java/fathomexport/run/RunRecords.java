package fathomexport.run;

import fathomexport.ledger.RunRecord;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** What the ledger keeps of a run. */
public final class RunRecords {
  private RunRecords() {}

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

  /** The same of a run that has not ended. */
  public static RunRecord underWay(RunRecord record) {
    return copy(record, null, null, record.requests());
  }

  /** The same, with the number of its requests. */
  public static RunRecord withRequests(RunRecord record, long requests) {
    return copy(record, record.finishedAt(), record.exitCode(), requests);
  }

  /** The same, ended at this time and with this code. */
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
