package fathomexport.export;

import fathomexport.api.FathomClients;
import fathomexport.fetch.SpillDirectory;
import fathomexport.ledger.LedgerException;
import fathomexport.ledger.RunRecord;
import fathomexport.listing.Accounts;
import fathomexport.plan.Mode;
import fathomexport.plan.Plan;
import fathomexport.run.Account;
import fathomexport.run.AccountAccess;
import fathomexport.run.BackfillCommands;
import fathomexport.run.ExportJob;
import fathomexport.run.ExportSpec;
import fathomexport.run.Left;
import fathomexport.run.PlannedRun;
import fathomexport.run.Renewal;
import fathomexport.run.RunEnvironment;
import fathomexport.run.RunRecords;
import fathomexport.run.RunResult;
import fathomexport.run.RunSummary;
import fathomexport.run.StaleRange;
import fathomexport.run.WindowOutcome;
import fathomexport.run.WrongClockException;
import fathomexport.sink.SinkException;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.sinks.PipelineLock;
import fathomexport.sinks.Sinks;
import fathomexport.window.RunContext;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
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
    List<WindowOutcome> failed =
        FailedBefore.of(found, planned, refused, job, export.mode(), sinks);
    RunSummary lost =
        failed.stream().map(RunSummary::of).reduce(RunSummary.EMPTY, RunSummary::plus);
    try (SpillDirectory spill = SpillDirectory.create()) {
      ExportSpec spec = spec(plan, startedAt);
      List<KnownControl> known = planned.knownControls(export.mode(), spec.startedAt());
      PlannedRun expected = services.planning().expected(spec, planned, known, sinks, found);
      RunNotices notices = new RunNotices(job, services, sinks, found, planned);
      notices.planned(expected, failed);
      DimensionUpdate.Found changed =
          new DimensionUpdate(
                  job,
                  sinks,
                  environment,
                  services.settings().currencies(),
                  services.settings().accounts().stream()
                      .map(Account::name)
                      .collect(Collectors.toSet()))
              .sitesAndEvents(clients, found);
      notices.changed(changed);
      RunRecord ended =
          plan.tasks().isEmpty()
              ? RunRecords.of(spec, lost, startedAt, 0, lost.exitCode())
              : exportWindows(spec, planned, known, expected, found, lost, spill.path(), begun);
      RunRecord done = services.recording().finished(sinks.ledger(), ended, spec);
      new MilestoneUpdate(sinks, environment).update(clients, found.subjects());
      if (export.mode() instanceof Mode.Nightly && !environment.stop().stopped()) {
        services.planning().retention(job).remove(sinks, done.runId(), environment.listener());
      }
      RunConclusion end = new RunConclusion(job, export.mode(), services, sinks);
      end.deriveWhatReadersNeed();
      List<StaleRange> stale = end.stale(found, plan);
      BackfillCommands.Scope scope = MissingCommands.scope(job, found, plan);
      return RunResult.of(
          done,
          found.recordsSkipped(),
          services.planning().floor(done.requests(), clients.billedByAccount()),
          stale,
          Renewal.of(stale, scope, MissingCommands.names(found)),
          MissingCommands.of(plan.missing(), scope),
          end.sinksDiffer(),
          changed.unlisted(),
          end.newSites(changed.unlisted()),
          changed.removed());
    }
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
            Continuation.of(job, export.mode(), export.budget(), startedAt));
  }

  /** Returns the accounts that can be asked. */
  private List<AccountAccess> withClients(List<AccountAccess> accounts) {
    return accounts.stream().filter(a -> clients.absence(a.name()).isEmpty()).toList();
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
        RunContext.ofLauncher(spec, environment.with(remaining), sinks, clients, lock, spill)) {
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
      return cost.windows() == 0 ? counted : Remaining.all(cost, sent, export.budget());
    } catch (SinkException | LedgerException e) {
      // The run ends because the ledger is away: what was not begun is known without it.
      return counted;
    }
  }
}
