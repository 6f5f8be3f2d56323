package fathomexport.export;

import fathomexport.api.FathomClients;
import fathomexport.fetch.SpillDirectory;
import fathomexport.inspect.Retired;
import fathomexport.inspect.SinkDifferences;
import fathomexport.inspect.StaleRanges;
import fathomexport.inspect.UnfetchedHistory;
import fathomexport.ledger.LedgerException;
import fathomexport.ledger.RunRecord;
import fathomexport.listing.Accounts;
import fathomexport.plan.Mode;
import fathomexport.plan.Plan;
import fathomexport.plan.Subject;
import fathomexport.report.Program;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.run.AccountAccess;
import fathomexport.run.BackfillCommands;
import fathomexport.run.Budget;
import fathomexport.run.ExportJob;
import fathomexport.run.ExportSpec;
import fathomexport.run.FailureKind;
import fathomexport.run.Left;
import fathomexport.run.NewSites;
import fathomexport.run.PlannedRun;
import fathomexport.run.Renewal;
import fathomexport.run.RunEnvironment;
import fathomexport.run.RunListener;
import fathomexport.run.RunRecords;
import fathomexport.run.RunResult;
import fathomexport.run.RunSummary;
import fathomexport.run.SinksDiffer;
import fathomexport.run.StaleRange;
import fathomexport.run.UnlistedSite;
import fathomexport.run.WindowOutcome;
import fathomexport.run.WrongClockException;
import fathomexport.sink.Damage;
import fathomexport.sink.Sink;
import fathomexport.sink.SinkException;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.sinks.DamagedDays;
import fathomexport.sinks.PipelineLock;
import fathomexport.sinks.Sinks;
import fathomexport.window.RunContext;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A run that holds its pipeline's lock, from the list of sites to its result: {@link #run} is its
 * story. The sinks, the lock and the clients belong to the caller.
 */
final class LockedExport {
  /** A run that is asked to stop does not plan once more what took longer, in nanoseconds. */
  private static final long LONG_PLANNING = TimeUnit.SECONDS.toNanos(3);

  private final ExportRun export;
  private final ExportServices services;
  private final RunEnvironment environment;
  private final ExportJob job;
  private final Map<String, String> refused;

  /** The most damaged files that a run names: with many, what to do is the same for each. */
  private static final int DAMAGES = 3;

  private final Sinks sinks;
  private final PipelineLock lock;
  private final FathomClients clients;
  private final @Nullable PostgresSettings quota;

  /** How long the plan took, in nanoseconds. */
  private long planningTook;

  /**
   * Creates a run of the reports that can be stored.
   *
   * @param refused why the pipeline's other reports cannot be stored, keyed by their names
   * @param quota the database through which runs share the accounts' quotas; null if there is none
   */
  LockedExport(
      ExportRun export,
      ExportJob job,
      Map<String, String> refused,
      Sinks sinks,
      PipelineLock lock,
      FathomClients clients,
      @Nullable PostgresSettings quota) {
    this.export = export;
    this.services = export.services();
    this.environment = services.environment();
    this.job = job;
    this.refused = refused;
    this.sinks = sinks;
    this.lock = lock;
    this.clients = clients;
    this.quota = quota;
  }

  /**
   * Executes the run to its end.
   *
   * @param begun is set to the run's record as soon as the ledger has it
   */
  RunResult run(AtomicReference<@Nullable RunRecord> begun) {
    Instant startedAt = environment.time().instant();
    Accounts.Found found = new Accounts(clients, services.settings().accounts()).subjects(job);
    WrongClockException.refuse(environment.time(), clients.timed());
    long planning = System.nanoTime();
    RunPlanning.Planned planned = services.planning().plan(job, export.mode(), sinks, found);
    planningTook = System.nanoTime() - planning;
    Plan plan = planned.plan();
    List<WindowOutcome> failed = failedBefore(found, planned);
    RunSummary lost =
        failed.stream().map(RunSummary::of).reduce(RunSummary.EMPTY, RunSummary::plus);
    try (SpillDirectory spill = SpillDirectory.create()) {
      ExportSpec spec = spec(plan, startedAt);
      List<KnownControl> known = planned.knownControls(export.mode(), spec.startedAt());
      PlannedRun expected = announce(spec, planned, known, found, failed);
      DimensionUpdate.Found changed =
          new DimensionUpdate(job, sinks, environment, services.settings().currencies())
              .sitesAndEvents(clients, found);
      offerHistory(changed, found, planned);
      RunRecord ended =
          plan.tasks().isEmpty()
              ? RunRecords.of(spec, lost, startedAt, 0, lost.exitCode())
              : exportWindows(spec, planned, known, expected, found, lost, spill.path(), begun);
      RunRecord done = services.recording().finished(sinks.ledger(), ended, spec);
      new MilestoneUpdate(sinks, environment).update(clients, found.subjects());
      if (export.mode() instanceof Mode.Nightly && !environment.stop().stopped()) {
        services.planning().retention(job).remove(sinks, done.runId(), environment.listener());
      }
      deriveWhatReadersNeed();
      List<StaleRange> stale = stale(found, plan);
      BackfillCommands.Scope scope = MissingCommands.scope(job, found, plan);
      return RunResult.of(
          done,
          found.recordsSkipped(),
          services.planning().floor(done.requests(), clients.billedByAccount()),
          stale,
          Renewal.of(stale, scope, MissingCommands.names(found)),
          MissingCommands.of(plan.missing(), scope),
          sinksDiffer(),
          changed.unlisted(),
          newSites());
    }
  }

  /** Returns what has failed before any window is begun. */
  private List<WindowOutcome> failedBefore(Accounts.Found found, RunPlanning.Planned planned) {
    List<WindowOutcome> failed = new ArrayList<>(found.lost());
    refused.forEach(
        (report, why) -> failed.add(WindowOutcome.failed(report, FailureKind.CONFIGURATION, why)));
    planned.events().leftOut().stream().filter(e -> e.failure() != null).forEach(failed::add);
    List<String> reports = job.reports().stream().map(Report::name).toList();
    List<Damage> damages =
        planned.view().damages().stream()
            .filter(damage -> reports.contains(damage.report()) && isWithinReach(damage))
            .toList();
    for (Damage damage : damages.subList(0, Math.min(damages.size(), DAMAGES))) {
      WindowOutcome outcome =
          WindowOutcome.failed(
              damage.report()
                  + (damage.site() == null ? "" : " " + damage.site())
                  + (damage.days() == null ? "" : " " + damage.days()),
              FailureKind.STORAGE,
              DamagedDays.words(damage, job.name(), sinks));
      failed.add(damage.site() == null ? outcome : outcome.about(damage.site()));
    }
    if (damages.size() > DAMAGES) {
      failed.add(
          WindowOutcome.failed(
              (damages.size() - DAMAGES) + " more files",
              FailureKind.STORAGE,
              "cannot be read either; `"
                  + Program.command("status " + job.name() + " --all")
                  + "` says of each what to do"));
    }
    return failed;
  }

  /** Returns whether this run may have to store something where stored data is damaged. */
  private boolean isWithinReach(Damage damage) {
    return !(export.mode() instanceof Mode.Backfill backfill)
        || damage.days() == null
        || !damage.days().first().isAfter(backfill.days().last());
  }

  private ExportSpec spec(Plan plan, Instant startedAt) {
    return services
        .specs()
        .spec(
            job,
            export.mode().command(),
            plan.windows(),
            startedAt,
            withClients(export.accounts()),
            JobClients.priority(export.mode()),
            quota,
            export.budget(),
            lock.fences(),
            continuation(startedAt));
  }

  /**
   * Returns the arguments that continue a backfill; empty for a run, which the next one does. What
   * a forced one has fetched is not fetched once more.
   */
  private String continuation(Instant startedAt) {
    if (!(export.mode() instanceof Mode.Backfill backfill)) {
      return "";
    }
    Budget budget = export.budget();
    Instant before =
        Objects.requireNonNullElse(
            backfill.fetchedBefore(), startedAt.truncatedTo(ChronoUnit.MILLIS));
    return "backfill "
        + job.name()
        + job.selection().options()
        + " --from "
        + backfill.days().first()
        + " --to "
        + backfill.days().last()
        + (backfill.force() ? " --force --fetched-before " + before : "")
        + (backfill.newestFirst() ? "" : " --oldest-first")
        + (budget.requests() == null ? "" : " --max-requests " + budget.requests())
        + (budget.time() == null ? "" : " --max-minutes " + budget.time().toMinutes());
  }

  /** Returns the accounts that can be asked. */
  private List<AccountAccess> withClients(List<AccountAccess> accounts) {
    return accounts.stream().filter(a -> clients.absence(a.name()).isEmpty()).toList();
  }

  /**
   * Reports what the run will do, what has failed already, and what is left out. Returns what it is
   * expected to cost.
   */
  private PlannedRun announce(
      ExportSpec spec,
      RunPlanning.Planned planned,
      List<KnownControl> known,
      Accounts.Found found,
      List<WindowOutcome> failed) {
    RunListener listener = environment.listener();
    PlannedRun expected = services.planning().expected(spec, planned, known, sinks, found);
    listener.planned(expected);
    found.notices().forEach(listener::notice);
    failed.forEach(listener::windowEnded);
    planned.events().leftOut().stream()
        .filter(e -> e.failure() == null)
        .forEach(e -> listener.notice(e.window() + ": " + e.message()));
    planned.plan().skippedInWords().ifPresent(listener::notice);
    planned.plan().outlivedInWords().ifPresent(listener::notice);
    return expected;
  }

  /** Reports what has changed of the sites, and which commands fetch the history of new ones. */
  private void offerHistory(
      DimensionUpdate.Found changed, Accounts.Found found, RunPlanning.Planned planned) {
    RunListener listener = environment.listener();
    DimensionWords.of(changed, found.subjects(), job).forEach(listener::notice);
    if (!changed.unlisted().isEmpty()) {
      listener.notice(UnlistedSite.words(job.name(), changed.unlisted()));
    }
    if (!changed.isFirst()) {
      HistoryOffer.words(
              job.name(),
              changed.newSites(),
              planned.events().subjects(),
              services.planning().retention(job).firstDayOfAny(),
              planned.plan(),
              (subject, days) -> services.planning().cost(job, sinks, subject, days))
          .forEach(listener::notice);
    }
  }

  /**
   * Exports the windows of the plan. Returns the record of what became of them, which is in the
   * ledger.
   *
   * @param lost the sum of what failed before
   */
  private RunRecord exportWindows(
      ExportSpec spec,
      RunPlanning.Planned planned,
      List<KnownControl> known,
      PlannedRun expected,
      Accounts.Found found,
      RunSummary lost,
      Path spill,
      AtomicReference<@Nullable RunRecord> begun) {
    Remaining remaining = new Remaining();
    try (RunContext context =
        new RunContext(spec, environment.with(remaining), sinks, clients, lock, spill)) {
      LastNight.troubled(
              sinks.ledger().runs(job.name(), RunRecord.EXPORTS, RunRecording.RECENT_RUNS),
              job.name(),
              found.sites())
          .forEach(context.failures()::troubled);
      KnownControl.addTo(context.book(), known);
      context.useControlsOf(known.stream().map(KnownControl::runId).collect(Collectors.toSet()));
      begun.set(RunRecords.begun(spec));
      sinks.ledger().record(RunRecords.begun(spec));
      long requests = export.beam().export(context, planned.plan().tasks(), lost);
      return RunRecords.withMessage(
          RunRecords.withRequests(RunRecording.find(sinks.ledger(), spec.runId()), requests),
          remaining
              .left(expected, requests, export.budget())
              .map(left -> asPlanned(spec, found, left, requests).words()));
    }
  }

  /**
   * Returns what is left as the next plan counts it: with windows that failed, and in windows as
   * the next run cuts them. A forced backfill would begin again, so what it has left is only
   * counted.
   */
  private Left asPlanned(ExportSpec spec, Accounts.Found found, Left counted, long sent) {
    if (export.mode().force() || (environment.stop().stopped() && planningTook > LONG_PLANNING)) {
      return counted;
    }
    try {
      RunPlanning.Planned next = services.planning().plan(job, export.mode(), sinks, found);
      PlannedRun cost =
          services
              .planning()
              .expected(
                  spec, next, next.knownControls(export.mode(), spec.startedAt()), sinks, found);
      return cost.windows() == 0
          ? counted
          : Remaining.left(
              cost.windows(),
              cost.likelyRequests(),
              cost.requestsPerMinute(),
              sent,
              export.budget());
    } catch (SinkException | LedgerException e) {
      // The run ends because the ledger is away: what was not begun is known without it.
      return counted;
    }
  }

  /**
   * Returns the sites that are new and whose history was not fetched; null if there are none, or if
   * the run is asked to stop.
   */
  private @Nullable NewSites newSites() {
    if (environment.stop().stopped()) {
      return null;
    }
    try {
      return UnfetchedHistory.of(
          job,
          sinks,
          sinks.all().get(0).dimensions().read(job.name()),
          environment.time().instant(),
          job.firstKept(environment.time().instant(), services.settings().api().maxRangeDays()));
    } catch (SinkException | LedgerException e) {
      environment.listener().notice("which sites are new cannot be read: " + e.getMessage());
      return null;
    }
  }

  /** Returns what the sinks hold differently after a nightly run; null if there is nothing. */
  private @Nullable SinksDiffer sinksDiffer() {
    if (!(export.mode() instanceof Mode.Nightly) || environment.stop().stopped()) {
      return null;
    }
    Instant now = environment.time().instant();
    try {
      return SinkDifferences.of(
          job, sinks, now, job.firstKept(now, services.settings().api().maxRangeDays()));
    } catch (SinkException | LedgerException e) {
      environment.listener().notice("whether the sinks differ cannot be read: " + e.getMessage());
      return null;
    }
  }

  /** Has the sinks derive what a run leaves to its end. The run's result does not depend on it. */
  private void deriveWhatReadersNeed() {
    for (Sink sink : sinks.all()) {
      try {
        sink.runEnded(environment.stop()::stopped);
      } catch (SinkException | LedgerException e) {
        environment.listener().notice(Retention.andLater(e));
      }
    }
  }

  /**
   * Returns all ranges that are still stale after a run, whatever the time of their storage; none
   * if the run is asked to stop.
   */
  private List<StaleRange> stale(Accounts.Found found, Plan plan) {
    if (plan.stale().isEmpty() || environment.stop().stopped()) {
      // Not worth reading the whole ledger every night, nor while a stop waits.
      return List.of();
    }
    Map<SiteId, String> zones = new HashMap<>();
    for (Subject subject : found.subjects()) {
      ZoneId zone = subject.site().zone();
      if (zone != null) {
        zones.put(subject.site().id(), zone.getId());
      }
    }
    return StaleRanges.of(
        job.reports(),
        found.subjects().stream().map(s -> s.site().id()).toList(),
        sinks,
        zones,
        Retired.of(job.name(), sinks));
  }
}
