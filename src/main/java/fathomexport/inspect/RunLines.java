package fathomexport.inspect;

import fathomexport.ledger.RunRecord;
import fathomexport.report.Report;
import fathomexport.run.ExportJob;
import fathomexport.run.Left;
import fathomexport.run.RunRecords;
import fathomexport.run.RunSummary;
import fathomexport.run.WindowOutcome;
import fathomexport.sink.Damage;
import fathomexport.sinks.Sinks;
import fathomexport.sinks.UnrecordedRuns;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The newest runs, as an overview lists them. */
final class RunLines {
  private static final int RUNS = 60;
  private static final int SNAPSHOTS = 5;

  /** The commands that the list of runs shows: not snapshots, of which there are too many. */
  private static final Set<String> LISTED =
      Set.of(RunRecord.RUN, RunRecord.BACKFILL, RunRecord.VERIFY);

  private RunLines() {}

  /** Returns the newest runs of all pipelines, newest first, also those that could not begin. */
  static List<StatusOverview.Run> runs(ExportJob job, Sinks sinks, UnrecordedRuns unrecorded) {
    return unrecorded
        .with(sinks.ledger().runs(null, LISTED, RUNS), r -> LISTED.contains(r.verb()))
        .stream()
        .limit(RUNS)
        .map(r -> line(withCommitted(r, job, sinks)))
        .toList();
  }

  /** Returns the newest snapshots of a pipeline, newest first. */
  static List<StatusOverview.Run> snapshots(ExportJob job, Sinks sinks) {
    return sinks.ledger().runs(job.name(), Set.of(RunRecord.SNAPSHOT), SNAPSHOTS).stream()
        .map(RunLines::line)
        .toList();
  }

  /** Adds what a run of the pipeline without an end has committed so far. */
  private static RunRecord withCommitted(RunRecord run, ExportJob job, Sinks sinks) {
    return run.finishedAt() == null
            && run.pipeline().equals(job.name())
            && RunRecord.EXPORTS.contains(run.verb())
            && !RunRecords.isKilled(run)
        ? RunRecords.committed(
            run, sinks.committedBy(run.runId(), job.reports().stream().map(Report::name).toList()))
        : run;
  }

  private static StatusOverview.Run line(RunRecord r) {
    Instant finished = r.finishedAt();
    return new StatusOverview.Run(
        r.runId(),
        r.pipeline(),
        r.command(),
        r.startedAt(),
        finished,
        r.exitCode(),
        finished == null ? null : Duration.between(r.startedAt(), finished),
        r.windowsPlanned(),
        r.windowsCommitted(),
        r.windowsIncomplete(),
        r.windowsFailed(),
        r.rows(),
        r.quarantined(),
        r.escapedCells(),
        r.requests(),
        problem(r),
        Objects.equals(r.exitCode(), 0) ? null : Left.continuationIn(r.messages()).orElse(null));
  }

  /**
   * Returns why a run did not succeed: its first failure, with those of all accounts if that is one
   * of an account; or what it has left if it only ended early.
   */
  static @Nullable String problem(RunRecord run) {
    if (Objects.equals(run.exitCode(), 0)) {
      return null;
    }
    if (run.exitCode() == null) {
      return run.messages().stream()
          .filter(m -> m.startsWith(RunRecords.KILLED))
          .findFirst()
          .orElse(null);
    }
    List<String> messages =
        run.messages().stream()
            .filter(m -> !Left.isContinuation(m))
            .map(Damage::withoutRemedy)
            .toList();
    List<String> failures =
        messages.stream().filter(m -> !RunSummary.isNotFetched(m) && !Left.isLeft(m)).toList();
    return failures.stream()
        .findFirst()
        .map(
            first ->
                WindowOutcome.isOfAccount(first)
                    ? failures.stream()
                        .filter(WindowOutcome::isOfAccount)
                        .collect(Collectors.joining("; "))
                    : first)
        .or(() -> Left.in(messages))
        .or(() -> messages.stream().findFirst())
        .orElse(null);
  }
}
