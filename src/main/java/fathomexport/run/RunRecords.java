package fathomexport.run;

import fathomexport.ledger.RunRecord;
import fathomexport.ledger.StillStored;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Creates the ledger's records of runs. */
public final class RunRecords {
  /** Begins the message in the record of a run that failed before it had planned anything. */
  public static final String NOT_BEGUN = "could not begin: ";

  /** Begins the message in the record of a run that ended without recording its end. */
  public static final String KILLED = "killed, or its machine stopped: ";

  private RunRecords() {}

  /** Returns the record of a run that ended with this summary. */
  public static RunRecord of(
      ExportSpec spec, RunSummary summary, Instant finishedAt, long requests, int exitCode) {
    return new RunRecord(
        spec.runId(),
        spec.pipeline(),
        spec.command(),
        spec.startedAt(),
        finishedAt,
        exitCode,
        spec.windowsPlanned(),
        summary.committed(),
        summary.unchanged(),
        summary.incomplete(),
        summary.failed(),
        summary.left(),
        summary.rows(),
        summary.quarantined(),
        requests,
        summary.messages(),
        summary.escapedCells(),
        summary.troubledSites());
  }

  /** Returns the record of a run in progress. It remains in the ledger if the run is killed. */
  public static RunRecord begun(ExportSpec spec) {
    return underWay(spec, of(spec, RunSummary.EMPTY, spec.startedAt(), 0, 0));
  }

  /**
   * Returns the same record, of a run that has not ended. It names the command that continues the
   * run, since a killed run leaves no other record.
   */
  public static RunRecord underWay(ExportSpec spec, RunRecord record) {
    return withContinuation(copy(record, null, null, record.requests()), spec);
  }

  /** Returns the same record with the command that continues the run, if there is one. */
  public static RunRecord withContinuation(RunRecord record, ExportSpec spec) {
    return withMessage(
        record, Optional.of(spec.continuation()).filter(c -> !c.isEmpty()).map(Left::continuation));
  }

  /** Returns the same record with this number of requests. */
  public static RunRecord withRequests(RunRecord record, long requests) {
    return copy(record, record.finishedAt(), record.exitCode(), requests);
  }

  /** Returns the same record with one more message, if there is one. */
  public static RunRecord withMessage(RunRecord record, Optional<String> message) {
    if (message.isEmpty()) {
      return record;
    }
    List<String> messages = new ArrayList<>(record.messages());
    messages.add(message.get());
    return of(record, record.finishedAt(), record.exitCode(), record.requests(), messages);
  }

  /** Returns the same record, ended at this time with this exit code. */
  public static RunRecord finished(RunRecord record, Instant at, int exitCode) {
    return copy(record, at, exitCode, record.requests());
  }

  /** Returns the record of a run that failed before it had planned anything. */
  public static RunRecord notBegun(
      String pipeline,
      String command,
      Instant startedAt,
      Instant finishedAt,
      int exitCode,
      String message) {
    return RunRecord.withoutWindows(
        ExportSpec.newRunId(startedAt),
        pipeline,
        command,
        startedAt,
        finishedAt,
        exitCode,
        0,
        List.of(exitCode == FailureKind.STOPPED.exitCode() ? message : NOT_BEGUN + message));
  }

  /**
   * Returns whether a run has begun, so that it held its pipeline's lock and knew what to fetch; or
   * was stopped as requested.
   */
  public static boolean hasBegun(RunRecord record) {
    return record.messages().stream().noneMatch(m -> m.startsWith(NOT_BEGUN));
  }

  /** Returns the record of a run that had begun, with the end and the messages of another one. */
  public static RunRecord failedAs(RunRecord record, RunRecord end) {
    List<String> messages = new ArrayList<>(record.messages());
    end.messages().stream()
        .map(m -> m.startsWith(NOT_BEGUN) ? m.substring(NOT_BEGUN.length()) : m)
        .filter(m -> !messages.contains(m))
        .forEach(messages::add);
    return of(record, end.finishedAt(), end.exitCode(), record.requests(), messages);
  }

  /**
   * Returns the record of a run that was killed, with what it had committed until then. It stays
   * without an end.
   */
  public static RunRecord killed(RunRecord record, StillStored committed) {
    RunRecord all = committed(record, committed);
    List<String> messages = new ArrayList<>(record.messages());
    messages.add(KILLED + all.windowsCommitted() + " of its windows are stored, at least in part");
    return of(all, null, null, all.requests(), messages);
  }

  /** Returns whether a run's record says that it was killed. */
  public static boolean isKilled(RunRecord record) {
    return record.messages().stream().anyMatch(m -> m.startsWith(KILLED));
  }

  /** Returns the record of a run in progress with at least these numbers of windows and rows. */
  public static RunRecord committed(RunRecord r, StillStored committed) {
    StillStored most = committed.max(new StillStored(r.windowsCommitted(), r.rows()));
    return new RunRecord(
        r.runId(),
        r.pipeline(),
        r.command(),
        r.startedAt(),
        r.finishedAt(),
        r.exitCode(),
        r.windowsPlanned(),
        // The ledger knows chunks, of which a window may have several.
        Math.min(r.windowsPlanned(), most.windows()),
        r.windowsUnchanged(),
        r.windowsIncomplete(),
        r.windowsFailed(),
        r.windowsSkipped(),
        most.rows(),
        r.quarantined(),
        r.requests(),
        r.messages(),
        r.escapedCells(),
        r.troubledSites());
  }

  private static RunRecord copy(
      RunRecord r, @Nullable Instant finishedAt, @Nullable Integer exitCode, long requests) {
    return of(r, finishedAt, exitCode, requests, r.messages());
  }

  private static RunRecord of(
      RunRecord r,
      @Nullable Instant finishedAt,
      @Nullable Integer exitCode,
      long requests,
      List<String> messages) {
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
        messages,
        r.escapedCells(),
        r.troubledSites());
  }
}
