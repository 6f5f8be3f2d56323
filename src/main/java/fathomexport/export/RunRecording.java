package fathomexport.export;

import fathomexport.cluster.RunBoard;
import fathomexport.ledger.Ledger;
import fathomexport.ledger.LedgerException;
import fathomexport.ledger.RunRecord;
import fathomexport.report.Report;
import fathomexport.report.SecretUnavailableException;
import fathomexport.run.ExportFailedException;
import fathomexport.run.ExportJob;
import fathomexport.run.ExportSettings;
import fathomexport.run.ExportSpec;
import fathomexport.run.FailureKind;
import fathomexport.run.FailurePolicy;
import fathomexport.run.Left;
import fathomexport.run.RunEnvironment;
import fathomexport.run.RunRecords;
import fathomexport.run.RunResult;
import fathomexport.run.WrongClockException;
import fathomexport.sink.SinkException;
import fathomexport.sink.parquet.file.Layout;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.sinks.Sinks;
import fathomexport.sinks.UnrecordedRuns;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the records of runs: of every run there is one, however it ends. While the ledger cannot be
 * reached, a record is kept in a directory, and a later run moves it to the ledger.
 */
final class RunRecording {
  private static final Logger LOG = LoggerFactory.getLogger(RunRecording.class);

  /** The directory of the records that are not in the ledger yet. */
  private static final String UNRECORDED = "unrecorded";

  /** Enough runs to find the last one that had windows to export. */
  static final int RECENT_RUNS = 50;

  private final ExportSettings settings;
  private final RunEnvironment environment;
  private final JobSinks jobSinks;

  RunRecording(ExportSettings settings, RunEnvironment environment, JobSinks jobSinks) {
    this.settings = settings;
    this.environment = environment;
    this.jobSinks = jobSinks;
  }

  /** Work that sets the reference to the record of its run as soon as the run has begun. */
  interface Recorded {
    RunResult run(AtomicReference<@Nullable RunRecord> begun);
  }

  /**
   * Executes a run. If it fails before its end, this records that: in the ledger, or where it is
   * kept until the ledger can be reached.
   */
  RunResult recorded(ExportJob job, String command, Recorded work) {
    Instant startedAt = environment.time().instant();
    AtomicReference<@Nullable RunRecord> begun = new AtomicReference<>();
    try {
      return FailurePolicy.guarded(environment, () -> work.run(begun));
    } catch (WrongClockException e) {
      throw e;
    } catch (RuntimeException e) {
      FailurePolicy.Verdict verdict = FailurePolicy.of(e, false);
      RunRecord end =
          RunRecords.notBegun(
              job.name(),
              command,
              startedAt,
              environment.time().instant(),
              e instanceof ExportFailedException failed
                  ? failed.exitCode()
                  : verdict.kind().exitCode(),
              verdict.message());
      RunRecord known = begun.get();
      record(job, known == null ? end : RunRecords.failedAs(known, end), e);
      throw e;
    }
  }

  private void record(ExportJob job, RunRecord failed, RuntimeException why) {
    if (!isUnreachable(why.getCause())) {
      try (Sinks sinks = jobSinks.open(job)) {
        Optional<RunRecord> known = sinks.ledger().run(failed.runId());
        sinks.ledger().record(known.map(k -> RunRecords.failedAs(k, failed)).orElse(failed));
        return;
      } catch (LedgerException | SinkException | SecretUnavailableException e) {
        LOG.info("run {} is recorded later: {}", failed.runId(), e.getMessage());
      }
    }
    unrecorded(job).keep(failed);
  }

  /**
   * Returns whether a failure says that a sink cannot be reached, so that it is not asked again.
   */
  private static boolean isUnreachable(@Nullable Throwable cause) {
    if (cause instanceof SinkException sink) {
      return switch (sink.kind()) {
        case UNAVAILABLE, UNKNOWN, ACCESS, SETTINGS -> true;
        case REFUSED, DAMAGED, DEFINITION, SUPERSEDED, INTEGRITY -> false;
      };
    }
    return cause instanceof LedgerException;
  }

  /** Returns where records of runs are kept while the ledger cannot be reached. */
  UnrecordedRuns unrecorded(ExportJob job) {
    List<Path> directories = new ArrayList<>();
    Path root = settings.parquetRoot();
    if (job.toParquet() && root != null) {
      directories.add(new Layout(root).own().resolve(UNRECORDED));
    }
    Path state = settings.stateDirectory();
    if (state != null) {
      directories.add(state.resolve(UNRECORDED));
    }
    return new UnrecordedRuns(directories);
  }

  /**
   * Keeps the record of a run that could not begin before its ledger was known, because of its
   * configuration. The next command that reaches the pipeline's ledger moves it there.
   */
  static void notBegun(Path stateDirectory, RunRecord record) {
    new UnrecordedRuns(List.of(stateDirectory.resolve(UNRECORDED))).keep(record);
  }

  /** Moves to the ledger what earlier runs could not record there. */
  void recordEarlier(ExportJob job, Sinks sinks) {
    try {
      unrecorded(job).moveTo(sinks.ledger(), job.name());
    } catch (LedgerException | SinkException e) {
      LOG.warn("earlier runs are recorded later: {}", e.getMessage());
    }
  }

  /**
   * Adds to the records of runs that were killed what they had committed, and what the workers of a
   * cluster have reported of them since. The caller holds the pipeline's lock, so that no run
   * without an end is in progress.
   *
   * @param quota the database through which the workers of a cluster report; null if there is none
   */
  void recordKilled(ExportJob job, Sinks sinks, @Nullable PostgresSettings quota) {
    for (RunRecord run : sinks.ledger().runs(job.name(), RunRecord.EXPORTS, RECENT_RUNS)) {
      if (run.finishedAt() == null && !RunRecords.isKilled(run)) {
        RunRecord killed =
            RunRecords.killed(
                run,
                sinks.committedBy(run.runId(), job.reports().stream().map(Report::name).toList()));
        if (quota == null) {
          sinks.ledger().record(killed);
        } else {
          recordKilled(killed, sinks, quota);
        }
      }
    }
  }

  /** Does so with the requests that workers of a cluster have reported, and forgets these. */
  private void recordKilled(RunRecord killed, Sinks sinks, PostgresSettings quota) {
    RunRecord counted = killed;
    try (RunBoard board = new RunBoard(quota, environment.variables(), killed.runId())) {
      counted =
          RunRecords.withRequests(killed, Math.max(killed.requests(), board.requestsOfKilled()));
      sinks.ledger().record(counted);
      board.end();
    } catch (LedgerException | SinkException e) {
      LOG.warn(
          "what workers have reported of run {} cannot be read: {}",
          killed.runId(),
          e.getMessage());
      sinks.ledger().record(counted);
    }
  }

  /**
   * Records the end of a run. Returns its record, which has an exit code and, if the run ended
   * early, the command that continues it.
   */
  RunRecord finished(Ledger ledger, RunRecord ended, ExportSpec spec) {
    int exitCode =
        environment.stop().stopped()
            ? FailureKind.STOPPED.exitCode()
            : Objects.requireNonNullElse(ended.exitCode(), FailureKind.FAULT.exitCode());
    RunRecord done = RunRecords.finished(ended, environment.time().instant(), exitCode);
    if (exitCode == FailureKind.STOPPED.exitCode()
        || exitCode == FailureKind.TRY_LATER.exitCode()
        || Left.in(done.messages()).isPresent()) {
      done = RunRecords.withContinuation(done, spec);
    }
    ledger.record(done);
    return done;
  }

  /** Returns the record of a run that has been recorded. */
  static RunRecord find(Ledger ledger, String runId) {
    return ledger
        .run(runId)
        .orElseThrow(
            () -> new LedgerException("the ledger no longer has the record of run " + runId, null));
  }
}
