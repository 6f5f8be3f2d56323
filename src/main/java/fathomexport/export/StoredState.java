package fathomexport.export;

import fathomexport.inspect.StatusOverview;
import fathomexport.inspect.StatusReader;
import fathomexport.ledger.RunRecord;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.EarlierRun;
import fathomexport.run.ExportJob;
import fathomexport.run.ExportSettings;
import fathomexport.run.FailureKind;
import fathomexport.sink.Sink;
import fathomexport.sinks.Sinks;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Answers what is stored of a job, for commands that ask the API nothing. */
final class StoredState {
  /** More than a year of runs, even where the pipeline runs every hour. */
  private static final int RUNS_FOR_SUCCESS = 10_000;

  private final ExportSettings settings;
  private final ExportJob job;
  private final Sinks sinks;

  StoredState(ExportSettings settings, ExportJob job, Sinks sinks) {
    this.settings = settings;
    this.job = job;
    this.sinks = sinks;
  }

  /** Returns the names of the reports of which any of the job's sinks has stored something. */
  Set<String> reports() {
    return sinks.all().stream()
        .flatMap(sink -> sink.reports().stream())
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /**
   * Returns the coverage of the ledger, one line per report and slice.
   *
   * @param clock the time that it is, where {@code now} is another one
   * @param elsewhere the reports of other pipelines, by pipeline
   * @param orphans returns those of the stored reports that no pipeline defines, as lines for
   *     people
   */
  StatusOverview status(
      Instant now,
      Instant clock,
      RunRecording recording,
      Map<String, List<Report>> elsewhere,
      Function<Set<String>, List<String>> orphans) {
    recording.recordEarlier(job, sinks);
    return StatusReader.read(
        ofNamedSites(),
        sinks,
        now,
        now.isAfter(clock) ? now : clock,
        settings.api().maxRangeDays(),
        job.sites().isEmpty(),
        settings.accounts(),
        recording.unrecorded(job),
        job.firstKept(now, settings.api().maxRangeDays()),
        elsewhere,
        () -> orphans.apply(reports()));
  }

  /**
   * Returns the job for the sites that the user named. {@code status} asks the API nothing, so a
   * site of which nothing is stored is refused.
   */
  private ExportJob ofNamedSites() {
    List<SiteId> named = job.selection().sites();
    if (job.sites().isPresent() || named.isEmpty()) {
      return job;
    }
    // Whatever else is stored is read only for the message.
    if (!sites(named).containsAll(named)) {
      job.selection()
          .requireSites(
              sites(List.of()), "nothing of this site is stored for pipeline " + job.name(), "has");
    }
    return job.onlyNamedSites();
  }

  private Set<SiteId> sites(List<SiteId> among) {
    Set<SiteId> sites = new HashSet<>();
    for (Sink sink : sinks.all()) {
      for (Report report : job.pipelineReports()) {
        sink.ledger().slices(report.name()).stream()
            .map(Slice::site)
            .filter(site -> among.isEmpty() || among.contains(site))
            .forEach(sites::add);
      }
    }
    return sites;
  }

  /** Returns when a run of the pipeline with this command last ended with exit code 0. */
  Optional<Instant> lastSuccess(String command) {
    return runs(command)
        .filter(r -> Objects.equals(r.exitCode(), 0))
        .flatMap(r -> Stream.ofNullable(r.finishedAt()))
        .max(Instant::compareTo);
  }

  /**
   * Returns the newest run of the pipeline with this command that started before this time, apart
   * from runs that were stopped as asked: whether the tool works, they do not say.
   */
  Optional<EarlierRun> runBefore(String command, Instant startedAt) {
    return runs(command)
        .filter(r -> r.startedAt().isBefore(startedAt))
        .filter(r -> !Objects.equals(r.exitCode(), FailureKind.STOPPED.exitCode()))
        .findFirst()
        .map(r -> new EarlierRun(r.startedAt(), r.exitCode()));
  }

  /**
   * Returns the newest runs of the pipeline with exactly this command: a run of a part of the
   * pipeline counts only for a command that names the same part.
   */
  private Stream<RunRecord> runs(String command) {
    return sinks
        .ledger()
        .runs(job.name(), Set.of(RunRecord.verb(command)), RUNS_FOR_SUCCESS)
        .stream()
        .filter(r -> r.command().equals(command));
  }
}
