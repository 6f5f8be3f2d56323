package fathomexport.run;

import fathomexport.ledger.RunRecord;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Creates the ledger's records of runs. */
public final class RunRecords {
  private RunRecords() {}

  /** Returns the record of a run that ended with this summary. */
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
        // A window of many requests is committed in several chunks, and each of them counts.
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

  /** Returns the record of a run in progress. It remains in the ledger if the run is killed. */
  public static RunRecord begun(ExportSpec spec) {
    return underWay(of(spec, RunSummary.EMPTY, spec.startedAt(), 0, 0));
  }

  /** Returns the same record, of a run that has not ended. */
  public static RunRecord underWay(RunRecord record) {
    return copy(record, null, null, record.requests());
  }

  /** Returns the same record with this number of requests. */
  public static RunRecord withRequests(RunRecord record, long requests) {
    return copy(record, record.finishedAt(), record.exitCode(), requests);
  }

  /** Returns the same record, ended at this time with this exit code. */
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
