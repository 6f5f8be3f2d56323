package fathomexport.export;

import fathomexport.api.ApiSettings;
import fathomexport.api.FathomClient;
import fathomexport.api.RetryPolicy;
import fathomexport.api.UnusableSettingsException;
import fathomexport.beam.BeamRun;
import fathomexport.fetch.Accounts;
import fathomexport.fetch.EventBound;
import fathomexport.fetch.RequestCosts;
import fathomexport.fetch.SpillDirectory;
import fathomexport.inspect.Explanation;
import fathomexport.inspect.PlanOverview;
import fathomexport.inspect.Retired;
import fathomexport.inspect.StaleRanges;
import fathomexport.inspect.StatusOverview;
import fathomexport.ledger.Ledger;
import fathomexport.ledger.LedgerException;
import fathomexport.ledger.PipelineLocks;
import fathomexport.ledger.RunRecord;
import fathomexport.plan.Missing;
import fathomexport.plan.Mode;
import fathomexport.plan.Plan;
import fathomexport.plan.Subject;
import fathomexport.plan.WindowPlanner;
import fathomexport.quota.ApiClients;
import fathomexport.quota.PreferablyLeased;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.SecretUnavailableException;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.BackfillCommands;
import fathomexport.run.Budget;
import fathomexport.run.EarlierRun;
import fathomexport.run.ExportFailedException;
import fathomexport.run.ExportJob;
import fathomexport.run.ExportSettings;
import fathomexport.run.ExportSpec;
import fathomexport.run.FailureKind;
import fathomexport.run.FailurePolicy;
import fathomexport.run.Left;
import fathomexport.run.MissingRange;
import fathomexport.run.Patience;
import fathomexport.run.PlannedRun;
import fathomexport.run.Priority;
import fathomexport.run.RunEnvironment;
import fathomexport.run.RunRecords;
import fathomexport.run.RunResult;
import fathomexport.run.RunSummary;
import fathomexport.run.StaleRange;
import fathomexport.run.WindowOutcome;
import fathomexport.run.WrongClockException;
import fathomexport.sink.Fence;
import fathomexport.sink.Migrated;
import fathomexport.sink.Sink;
import fathomexport.sink.SinkException;
import fathomexport.sink.parquet.file.Layout;
import fathomexport.sink.parquet.file.ParquetSettings;
import fathomexport.sink.postgres.PostgresSink;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.sink.postgres.lease.PermitLease;
import fathomexport.sinks.PipelineLock;
import fathomexport.sinks.Sinks;
import fathomexport.sinks.UnrecordedRuns;
import fathomexport.verify.Verification;
import fathomexport.verify.VerifyRun;
import fathomexport.window.RunContext;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The commands on a configuration: the only entry point of this package for the command line and
 * for tests. Every method throws {@link ExportFailedException} if it cannot start.
 */
public final class Exporter {
  /** Maximum age of control totals from an interrupted run; older ones are queried again. */
  private static final Duration CONTROL_AGE = Duration.ofHours(2);

  private static final Logger LOG = LoggerFactory.getLogger(Exporter.class);

  /** The directory of the records that are not in the ledger yet. */
  private static final String UNRECORDED = "unrecorded";

  private static final Duration MINUTE = Duration.ofMinutes(1);

  /** More than a year of runs, even where the pipeline runs every hour. */
  private static final int RUNS_FOR_SUCCESS = 10_000;

  /** Enough runs to find the last one that had windows to export. */
  private static final int RECENT_RUNS = 50;

  private final ExportSettings settings;
  private final RunEnvironment environment;

  /** Decides which days are over. Waits and quotas always follow the environment's clock. */
  private final InstantSource today;

  public Exporter(ExportSettings settings, RunEnvironment environment) {
    this(settings, environment, environment.time());
  }

  private Exporter(ExportSettings settings, RunEnvironment environment, InstantSource today) {
    this.settings = settings;
    this.environment = environment;
    this.today = today;
  }

  /**
   * Returns an exporter that plans and reports as if it were this instant. It is for commands that
   * write nothing: what is stored carries the time at which it was fetched.
   */
  public Exporter asOf(Instant instant) {
    return new Exporter(settings, environment, InstantSource.fixed(instant));
  }

  /** Returns the version of Beam that executes runs. */
  public static String beamVersion() {
    return BeamRun.beamVersion();
  }

  /**
   * Exports the finished days of the look-back and fills gaps, for every site: the command that a
   * scheduler starts.
   */
  public RunResult run(ExportJob job, boolean force, List<String> beamArguments) {
    return run(job, force, Patience.LIMITED, beamArguments);
  }

  /** Like {@link #run(ExportJob, boolean, List)}, with this patience. */
  public RunResult run(
      ExportJob job, boolean force, Patience patience, List<String> beamArguments) {
    return export(
        job,
        new Mode.Nightly(job.lookbackDays(), force),
        Budget.UNLIMITED,
        patience,
        beamArguments);
  }

  /** Exports the days of a range that are not complete yet; with {@code force} all days. */
  public RunResult backfill(
      ExportJob job,
      DayRange days,
      boolean force,
      boolean newestFirst,
      List<String> beamArguments) {
    return backfill(job, days, force, newestFirst, Budget.UNLIMITED, beamArguments);
  }

  /**
   * Like {@link #backfill(ExportJob, DayRange, boolean, boolean, List)}, but ends at a window
   * boundary when the budget is spent.
   */
  public RunResult backfill(
      ExportJob job,
      DayRange days,
      boolean force,
      boolean newestFirst,
      Budget budget,
      List<String> beamArguments) {
    return backfill(job, days, force, newestFirst, budget, Patience.LIMITED, beamArguments);
  }

  /** Like the backfill with a budget, with this patience in addition. */
  public RunResult backfill(
      ExportJob job,
      DayRange days,
      boolean force,
      boolean newestFirst,
      Budget budget,
      Patience patience,
      List<String> beamArguments) {
    return export(
        job, new Mode.Backfill(days, force, newestFirst), budget, patience, beamArguments);
  }

  /**
   * Samples the current visitors of the job's sites, once per site.
   *
   * @param detailed whether pages and referrers are queried, too
   */
  public RunResult snapshot(ExportJob job, boolean detailed, List<String> beamArguments) {
    return recorded(
        job,
        SnapshotRun.COMMAND,
        begun -> {
          UnpackDirectories.require();
          try (Sinks sinks = open(job)) {
            sinks.all().forEach(sink -> sink.samples().prepare());
            recordEarlier(job, sinks);
            // Not the pipeline's own lock: a nightly run and a snapshot may run at the same time.
            Optional<PipelineLocks.RunLock> lock = sinks.ledger().tryLock("snapshot/" + job.name());
            if (lock.isEmpty()) {
              throw new ExportFailedException(
                  FailureKind.TRY_LATER,
                  "another snapshot of pipeline " + job.name() + " is under way",
                  null);
            }
            PostgresSettings quota = quota(job);
            try (PipelineLocks.RunLock held = lock.get();
                FathomClient client = client(api(), job, Priority.FIRST, quota, Budget.UNLIMITED)) {
              Objects.requireNonNull(held);
              SnapshotRun run =
                  new SnapshotRun(environment, sinks, client, detailed, settings.maxInFlight());
              Accounts.Found found = new Accounts(client).subjects(job.withoutReports());
              WrongClockException.refuse(environment.time().instant(), client.serverTime());
              RunRecord done =
                  run.run(
                      found,
                      (startedAt, sites) ->
                          spec(
                              job,
                              SnapshotRun.COMMAND + job.selection().options(),
                              sites,
                              startedAt,
                              api(),
                              Priority.FIRST,
                              quota,
                              Budget.UNLIMITED,
                              Map.of()),
                      beamArguments);
              return RunResult.of(done, found.recordsSkipped(), floor(done.requests()));
            }
          }
        });
  }

  /**
   * Returns why reports of the job cannot be stored beside what is stored of them, keyed by their
   * names, with the remedy. Changes nothing, and asks the API nothing.
   */
  public Map<String, String> refusals(ExportJob job) {
    return guarded(
        () -> {
          try (Sinks sinks = open(job)) {
            return sinks.refusals(job.reports(), job.renamed());
          }
        });
  }

  /** Returns the names of the reports of which any of the job's sinks has stored something. */
  public Set<String> storedReports(ExportJob job) {
    return guarded(
        () -> {
          try (Sinks sinks = open(job)) {
            return sinks.all().stream()
                .flatMap(sink -> sink.reports().stream())
                .collect(Collectors.toCollection(TreeSet::new));
          }
        });
  }

  /** Refuses a job of which any report cannot be stored. */
  private static void requireFitting(ExportJob job, Sinks sinks) {
    Map<String, String> refusals = sinks.refusals(job.reports(), job.renamed());
    if (!refusals.isEmpty()) {
      throw new ExportFailedException(
          FailureKind.CONFIGURATION, String.join(System.lineSeparator(), refusals.values()), null);
    }
  }

  private static Migrated prepare(ExportJob job, Sinks sinks) {
    sinks.all().forEach(sink -> sink.rename(job.renamed()));
    return sinks.all().stream()
        .map(sink -> sink.migrate(job.reports()))
        .reduce(Migrated.WHOLLY, Migrated::plus);
  }

  /**
   * Prepares the sinks for the job's reports.
   *
   * @return what could not be done although the sinks are ready, in lines for people
   */
  public List<String> migrate(ExportJob job) {
    return guarded(
        () -> {
          try (Sinks sinks = open(job)) {
            requireFitting(job, sinks);
            return prepare(job, sinks).lines();
          }
        });
  }

  /**
   * Looks at everything that a run of the job depends on. Sends at most one billed request.
   *
   * @return one item per thing that was looked at, whether it is in order or not
   */
  public List<Finding> check(ExportJob job, List<String> beamArguments) {
    Exporter impatient = impatient();
    return new Checkup(job, settings, environment)
        .run(
            job.toPostgres() ? postgres() : null,
            () -> impatient.lookingUp(new Budget(1L, null)),
            beamArguments);
  }

  /**
   * Returns an exporter for which an API that is down is an answer: nothing is worth waiting for.
   */
  public Exporter impatient() {
    return new Exporter(settings.withPatience(Duration.ZERO), environment, today);
  }

  /**
   * Returns all sites that the token can list. Updates the tables of sites in the sinks that a run
   * has prepared.
   */
  public List<Site> sites() {
    return guarded(
        () -> {
          PostgresSettings database = preparedQuota();
          try (FathomClient client = lookingUp(database, Budget.UNLIMITED)) {
            List<Site> sites = new Accounts(client).all();
            recordListed(database, sites);
            return sites;
          }
        });
  }

  /**
   * Stores the listed sites in every sink that a run has prepared. A failure is only a warning.
   *
   * @param database null if there is none, or if it is not reachable
   */
  private void recordListed(@Nullable PostgresSettings database, List<Site> sites) {
    ParquetSettings files = settings.parquetRoot() == null ? null : parquet();
    if (database == null && files == null) {
      return;
    }
    try (Sinks sinks = Sinks.open(database, files, environment.variables())) {
      Instant now = environment.time().instant();
      sinks.all().forEach(sink -> DimensionUpdate.listed(sink, now, sites));
    }
  }

  /**
   * Returns what a run would do. Queries the API for sites and events only, and writes nothing
   * except its share of the quota.
   */
  public PlanOverview planRun(ExportJob job) {
    return plan(job, new Mode.Nightly(job.lookbackDays(), false));
  }

  /** Returns what a backfill would do, in the same way as {@link #planRun}. */
  public PlanOverview planBackfill(ExportJob job, DayRange days, boolean force) {
    return plan(job, new Mode.Backfill(days, force, true));
  }

  private PlanOverview plan(ExportJob job, Mode mode) {
    return guarded(
        () -> {
          try (Sinks sinks = open(job);
              FathomClient client = lookingUp()) {
            requireFitting(job, sinks);
            Accounts.Found found = new Accounts(client).subjects(job);
            WrongClockException.refuse(environment.time().instant(), client.serverTime());
            LedgerView view = new LedgerView(job, sinks);
            WindowPlanner planner = planner(job, mode, view, found.subjects());
            EventBound events = EventBound.of(job, found.subjects(), view.storedEvents());
            Plan plan = planner.plan(events.subjects());
            return PlanOverview.of(
                costs(view, sinks),
                plan,
                mode instanceof Mode.Nightly ? planner.usualNight().plan(events.subjects()) : null,
                YearMonth.from(today.instant().atOffset(ZoneOffset.UTC)),
                job.reports().stream()
                    .collect(Collectors.toMap(Report::name, r -> sinks.weight(r.name()))),
                Stream.concat(found.lost().stream(), events.leftOut().stream())
                    .map(l -> l.window() + ": " + l.message())
                    .toList(),
                scope(job, found, plan),
                names(found));
          }
        });
  }

  /** Estimates the backfill of a single site of which nothing is stored yet. */
  private HistoryOffer.Cost cost(ExportJob job, Sinks sinks, Subject subject, DayRange days) {
    LedgerView view = new LedgerView(job, sinks);
    WindowPlanner planner =
        planner(job, new Mode.Backfill(days, false, true), view, List.of(subject));
    RequestCosts costs = costs(view, sinks);
    long requests =
        costs.of(planner.plan(List.of(subject))).stream()
            .mapToLong(RequestCosts.Cost::likely)
            .sum();
    return new HistoryOffer.Cost(requests, costs.minutes(requests));
  }

  private RequestCosts costs(LedgerView view, Sinks sinks) {
    return new RequestCosts(
        view.expectedRows(),
        settings.requestsPerMinute(),
        sinks.ledger().learned().limit(settings.accountKey(), settings.rowLimit()),
        settings.maxRangeDays());
  }

  /** Returns the coverage of the ledger, one line per report and slice. */
  public StatusOverview status(ExportJob job) {
    return guarded(
        () -> {
          try (Sinks sinks = open(job)) {
            recordEarlier(job, sinks);
            return StatusOverview.of(
                stored(job, sinks),
                sinks,
                today.instant(),
                settings.requestsPerMinute(),
                settings.accountKey(),
                unrecorded(job));
          }
        });
  }

  /**
   * Returns the job for the sites that the user named. {@code status} asks the API nothing, so a
   * site of which nothing is stored is refused.
   */
  private static ExportJob stored(ExportJob job, Sinks sinks) {
    List<SiteId> named = job.selection().sites();
    if (job.sites().isPresent() || named.isEmpty()) {
      return job;
    }
    // Whatever else is stored is read only for the message.
    if (!stored(job, sinks, named).containsAll(named)) {
      job.selection()
          .requireSites(
              stored(job, sinks, List.of()),
              "nothing of this site is stored for pipeline " + job.name(),
              "has");
    }
    return job.onlyNamedSites();
  }

  private static Set<SiteId> stored(ExportJob job, Sinks sinks, List<SiteId> among) {
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
  public Optional<Instant> lastSuccess(ExportJob job, String command) {
    return guarded(
        () -> {
          try (Sinks sinks = open(job)) {
            return runs(sinks, job, command)
                .filter(r -> Objects.equals(r.exitCode(), 0))
                .flatMap(r -> Stream.ofNullable(r.finishedAt()))
                .max(Instant::compareTo);
          }
        });
  }

  /**
   * Returns the newest runs of the pipeline with exactly this command: a run of a part of the
   * pipeline counts only for a command that names the same part.
   */
  private static Stream<RunRecord> runs(Sinks sinks, ExportJob job, String command) {
    return sinks
        .ledger()
        .runs(job.name(), Set.of(RunRecord.verb(command)), RUNS_FOR_SUCCESS)
        .stream()
        .filter(r -> r.command().equals(command));
  }

  /**
   * Returns the newest run of the pipeline with this command that started before this time, apart
   * from runs that were stopped as asked: whether the tool works, they do not say.
   */
  public Optional<EarlierRun> runBefore(ExportJob job, String command, Instant startedAt) {
    return guarded(
        () -> {
          try (Sinks sinks = open(job)) {
            return runs(sinks, job, command)
                .filter(r -> r.startedAt().isBefore(startedAt))
                .filter(r -> !Objects.equals(r.exitCode(), FailureKind.STOPPED.exitCode()))
                .findFirst()
                .map(r -> new EarlierRun(r.startedAt(), r.exitCode()));
          }
        });
  }

  /**
   * Queries the control totals of a range again and compares them with what is stored.
   *
   * @param days the range; empty for each site's yesterday and look-back
   */
  public Verification verify(ExportJob job, Optional<DayRange> days) {
    return guarded(
        () -> {
          try (Sinks sinks = open(job);
              FathomClient client =
                  client(api(), job, Priority.WHEN_FREE, quota(job), Budget.UNLIMITED)) {
            return new VerifyRun(settings, environment, job, sinks).verify(days, client);
          }
        });
  }

  /** Returns the origin of the numbers of a report, site and day. Sends no request to the API. */
  public Explanation explain(ExportJob job, Report report, SiteId site, LocalDate day) {
    return guarded(
        () -> {
          try (Sinks sinks = open(job)) {
            return Explanation.of(report, site, day, sinks, settings.accountKey());
          }
        });
  }

  private RunResult export(
      ExportJob whole, Mode mode, Budget budget, Patience patience, List<String> beamArguments) {
    ApiSettings api = api(patience);
    return recorded(
        whole,
        mode.command() + whole.selection().options(),
        begun -> {
          UnpackDirectories.require();
          try (Sinks sinks = open(whole)) {
            Map<String, String> refused = sinks.refusals(whole.reports(), whole.renamed());
            ExportJob job = whole.without(refused.keySet());
            if (job.reports().isEmpty()) {
              requireFitting(whole, sinks);
            }
            prepare(job, sinks).notices().forEach(environment.listener()::notice);
            recordEarlier(job, sinks);
            Optional<PipelineLock> lock = sinks.tryLock(job.name());
            if (lock.isEmpty()) {
              throw new ExportFailedException(
                  FailureKind.TRY_LATER,
                  "another run of pipeline " + job.name() + " is under way",
                  null);
            }
            PostgresSettings quota = quota(job);
            try (PipelineLock held = lock.get();
                FathomClient client = client(api, job, priority(mode), quota, budget)) {
              recordKilled(job, sinks);
              return export(
                  job,
                  refused,
                  mode,
                  api,
                  quota,
                  budget,
                  beamArguments,
                  sinks,
                  held,
                  client,
                  begun);
            }
          }
        });
  }

  /** Work that sets the reference to the record of its run as soon as the run has begun. */
  private interface Recorded {
    RunResult run(AtomicReference<@Nullable RunRecord> begun);
  }

  /**
   * Executes a run. If it fails before its end, this records that: in the ledger, or where it is
   * kept until the ledger can be reached.
   */
  private RunResult recorded(ExportJob job, String command, Recorded work) {
    Instant startedAt = environment.time().instant();
    AtomicReference<@Nullable RunRecord> begun = new AtomicReference<>();
    try {
      return guarded(() -> work.run(begun));
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
              verdict.kind().exitCode(),
              verdict.message());
      RunRecord known = begun.get();
      record(job, known == null ? end : RunRecords.failedAs(known, end), e);
      throw e;
    }
  }

  private void record(ExportJob job, RunRecord failed, RuntimeException why) {
    if (!isUnreachable(why.getCause())) {
      try (Sinks sinks = open(job)) {
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
  private UnrecordedRuns unrecorded(ExportJob job) {
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
  public static void recordNotBegun(
      Path stateDirectory,
      String pipeline,
      String command,
      Instant startedAt,
      Instant finishedAt,
      int exitCode,
      String message) {
    new UnrecordedRuns(List.of(stateDirectory.resolve(UNRECORDED)))
        .keep(RunRecords.notBegun(pipeline, command, startedAt, finishedAt, exitCode, message));
  }

  /** Moves to the ledger what earlier runs could not record there. */
  private void recordEarlier(ExportJob job, Sinks sinks) {
    try {
      unrecorded(job).moveTo(sinks.ledger(), job.name());
    } catch (LedgerException | SinkException e) {
      LOG.warn("earlier runs are recorded later: {}", e.getMessage());
    }
  }

  /**
   * Adds to the records of runs that were killed what they had committed. The caller holds the
   * pipeline's lock, so that no run without an end is in progress.
   */
  private static void recordKilled(ExportJob job, Sinks sinks) {
    for (RunRecord run : sinks.ledger().runs(job.name(), RunRecord.EXPORTS, RECENT_RUNS)) {
      if (run.finishedAt() == null && !RunRecords.isKilled(run)) {
        sinks
            .ledger()
            .record(
                RunRecords.killed(
                    run,
                    sinks.committedBy(
                        run.runId(), job.reports().stream().map(Report::name).toList())));
      }
    }
  }

  private RunResult export(
      ExportJob job,
      Map<String, String> refused,
      Mode mode,
      ApiSettings api,
      @Nullable PostgresSettings quota,
      Budget budget,
      List<String> beamArguments,
      Sinks sinks,
      PipelineLock lock,
      FathomClient client,
      AtomicReference<@Nullable RunRecord> begun) {
    Instant startedAt = environment.time().instant();
    Accounts.Found found = new Accounts(client).subjects(job);
    WrongClockException.refuse(startedAt, client.serverTime());
    LedgerView view = new LedgerView(job, sinks);
    WindowPlanner planner = planner(job, mode, view, found.subjects());
    EventBound events = EventBound.of(job, found.subjects(), view.storedEvents());
    Plan plan = planner.plan(events.subjects());
    List<WindowOutcome> failed = new ArrayList<>(found.lost());
    refused.forEach(
        (report, why) -> failed.add(WindowOutcome.failed(report, FailureKind.CONFIGURATION, why)));
    events.leftOut().stream().filter(e -> e.failure() != null).forEach(failed::add);
    try (SpillDirectory spill = SpillDirectory.create()) {
      ExportSpec spec =
          spec(
              job,
              mode.command() + job.selection().options(),
              plan.windows(),
              startedAt,
              api,
              priority(mode),
              quota,
              budget,
              lock.fences());
      PlannedRun planned = costs(view, sinks).planned(spec, plan, found.sites());
      environment.listener().planned(planned);
      failed.forEach(environment.listener()::windowEnded);
      events.leftOut().stream()
          .filter(e -> e.failure() == null)
          .forEach(e -> environment.listener().notice(e.window() + ": " + e.message()));
      plan.skippedInWords().ifPresent(environment.listener()::notice);
      DimensionUpdate dimensions =
          new DimensionUpdate(job, sinks, environment, settings.currencies());
      DimensionUpdate.Found changed = dimensions.sitesAndEvents(client, found);
      DimensionUpdate.words(changed, found.subjects(), job).forEach(environment.listener()::notice);
      if (!changed.isFirst()) {
        HistoryOffer.words(
                job.name(),
                changed.newSites(),
                events.subjects(),
                plan,
                (subject, days) -> cost(job, sinks, subject, days))
            .forEach(environment.listener()::notice);
      }
      RunSummary lost =
          failed.stream().map(RunSummary::of).reduce(RunSummary.EMPTY, RunSummary::plus);
      RunRecord ended;
      Remaining remaining = new Remaining();
      if (plan.tasks().isEmpty()) {
        ended = RunRecords.of(spec, lost, startedAt, 0, lost.exitCode());
      } else {
        try (RunContext context =
            new RunContext(spec, environment.with(remaining), sinks, client, lock, spill.path())) {
          LastNight.troubled(
                  sinks.ledger().runs(job.name(), RunRecord.EXPORTS, RECENT_RUNS),
                  job.name(),
                  found.sites())
              .forEach(context.failures()::troubled);
          if (!mode.force()) {
            view.seed(context.book(), plan, startedAt.minus(CONTROL_AGE));
          }
          begun.set(RunRecords.begun(spec));
          sinks.ledger().record(RunRecords.begun(spec));
          long requests =
              new BeamRun(beamArguments, settings.maxInFlight())
                  .export(context, plan.tasks(), lost);
          ended =
              RunRecords.withMessage(
                  RunRecords.withRequests(find(sinks.ledger(), spec.runId()), requests),
                  remaining
                      .left(planned, requests, budget, settings.requestsPerMinute())
                      .map(Left::words));
        }
      }
      int exitCode =
          environment.stop().stopped()
              ? FailureKind.STOPPED.exitCode()
              : Objects.requireNonNullElse(ended.exitCode(), FailureKind.FAULT.exitCode());
      RunRecord done = RunRecords.finished(ended, environment.time().instant(), exitCode);
      sinks.ledger().record(done);
      dimensions.milestones(client, found.subjects());
      runEnded(sinks);
      List<StaleRange> stale = stale(job, found, sinks, plan);
      return RunResult.of(
          done,
          exitCode,
          found.recordsSkipped(),
          floor(done.requests()),
          stale,
          BackfillCommands.renewals(stale, scope(job, found, plan), names(found)),
          missing(plan.missing(), scope(job, found, plan)));
    }
  }

  /** Has the sinks derive what a run leaves to its end. The run's result does not depend on it. */
  private void runEnded(Sinks sinks) {
    for (Sink sink : sinks.all()) {
      try {
        sink.runEnded();
      } catch (SinkException | LedgerException e) {
        environment.listener().notice(e.getMessage() + "; the next run does it");
      }
    }
  }

  private static @Nullable MissingRange missing(
      @Nullable Missing missing, BackfillCommands.Scope scope) {
    if (missing == null) {
      return null;
    }
    List<BackfillCommands.Command> commands =
        BackfillCommands.of(
            missing.holes().stream()
                .map(
                    hole ->
                        new BackfillCommands.Want(
                            new BackfillCommands.Part(hole.report(), hole.site().value()),
                            hole.first(),
                            hole.last(),
                            hole.periods()))
                .toList(),
            scope,
            BackfillCommands.MOST);
    return new MissingRange(
        missing.periods(),
        missing.first(),
        missing.last(),
        commands.stream().anyMatch(BackfillCommands.Command::alsoNeverStored),
        commands);
  }

  /** Returns what a backfill of the job's pipeline would cover. */
  private static BackfillCommands.Scope scope(ExportJob job, Accounts.Found found, Plan plan) {
    return new BackfillCommands.Scope(
        job.selection().sites().isEmpty()
            ? found.subjects().stream().map(s -> s.site().id().value()).collect(Collectors.toSet())
            : Set.of(),
        job.selection().reports().isEmpty()
            ? job.pipelineReports().stream().map(Report::name).collect(Collectors.toSet())
            : Set.of(),
        plan.starts().stream()
            .collect(
                Collectors.toMap(
                    s -> new BackfillCommands.Part(s.report(), s.site().value()),
                    Plan.Start::first,
                    (a, b) -> a)));
  }

  private static Map<String, String> names(Accounts.Found found) {
    return found.subjects().stream()
        .map(Subject::site)
        .collect(Collectors.toMap(site -> site.id().value(), Site::name, (a, b) -> a));
  }

  /** Returns all ranges that are still stale after a run, whatever the time of their storage. */
  private static List<StaleRange> stale(
      ExportJob job, Accounts.Found found, Sinks sinks, Plan plan) {
    if (plan.stale().isEmpty()) {
      // Not worth reading the whole ledger every night.
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

  static RunRecord find(Ledger ledger, String runId) {
    return ledger
        .run(runId)
        .orElseThrow(
            () -> new LedgerException("the ledger no longer has the record of run " + runId, null));
  }

  private ExportSpec spec(
      ExportJob job,
      String command,
      long windows,
      Instant startedAt,
      ApiSettings api,
      Priority priority,
      @Nullable PostgresSettings quota,
      Budget budget,
      Map<String, Fence> fences) {
    return new ExportSpec(
        ExportSpec.newRunId(startedAt),
        job.name(),
        command,
        startedAt,
        windows,
        api,
        settings.accountKey(),
        priority,
        quota,
        budget,
        job.toPostgres() ? postgres() : null,
        job.toParquet() ? parquet().root().toString() : null,
        settings.rowLimit(),
        settings.maxRangeDays(),
        fences);
  }

  private WindowPlanner planner(ExportJob job, Mode mode, LedgerView view, List<Subject> subjects) {
    Instant now = today.instant();
    LocalDate from =
        mode instanceof Mode.Backfill backfill
            ? backfill.days().first()
            // Fill gaps no further back than one window.
            : LocalDate.ofInstant(now, ZoneOffset.UTC)
                .minusDays(settings.maxRangeDays() + job.lookbackDays() + 2L);
    return new WindowPlanner(
            job.pipelineReports(),
            view.holdings(
                subjects.stream().map(s -> s.site().id()).toList(),
                from,
                mode instanceof Mode.Nightly),
            mode,
            now,
            settings.maxRangeDays(),
            view.lookback())
        .only(job.reports());
  }

  /** Returns the least time in which the quota permits this number of requests. */
  private Duration floor(long requests) {
    long rounds =
        requests == 0
            ? 0
            : (requests + settings.requestsPerMinute() - 1) / settings.requestsPerMinute() - 1;
    return MINUTE.multipliedBy(rounds);
  }

  /**
   * Creates a client for a command that stores nothing. It shares the account's quotas if a
   * database is available, but does not require one.
   */
  private FathomClient lookingUp() {
    return lookingUp(preparedQuota(), Budget.UNLIMITED);
  }

  private FathomClient lookingUp(Budget budget) {
    return lookingUp(preparedQuota(), budget);
  }

  private FathomClient lookingUp(@Nullable PostgresSettings database, Budget budget) {
    return client(
        api(),
        ApiClients.quotas(
            api(), settings.accountKey(), Priority.WHEN_FREE, database, true, budget, environment));
  }

  /**
   * Returns the database through which commands that write nothing share the account's quotas.
   * Returns null if there is none, or if no run has prepared it for sharing yet.
   */
  private @Nullable PostgresSettings preparedQuota() {
    if (settings.postgres() == null) {
      return null;
    }
    try {
      return PermitLease.prepared(postgres(), environment.variables()) ? postgres() : null;
    } catch (LedgerException | SecretUnavailableException e) {
      PreferablyLeased.warn(e);
      return null;
    }
  }

  /**
   * Creates a client for a job.
   *
   * @param quota the database through which permits are shared; null for permits of this process
   *     only
   */
  private FathomClient client(
      ApiSettings api,
      ExportJob job,
      Priority priority,
      @Nullable PostgresSettings quota,
      Budget budget) {
    return client(
        api,
        ApiClients.quotas(
            api, settings.accountKey(), priority, quota, !job.toPostgres(), budget, environment));
  }

  private FathomClient client(ApiSettings api, ApiClients.Quotas quotas) {
    return ApiClients.client(
        api, environment, ApiClients.reportingTo(environment.listener()), quotas);
  }

  /**
   * Returns the database through which a job shares the account's quota: also a database that the
   * job does not write to, if it is reachable. Returns null if there is none.
   */
  private @Nullable PostgresSettings quota(ExportJob job) {
    if (job.toPostgres() || settings.postgres() == null) {
      return job.toPostgres() ? postgres() : null;
    }
    // Create the permit tables: they may not exist yet.
    try (PostgresSink database = new PostgresSink(postgres(), environment.variables())) {
      database.migrate(List.of());
      return postgres();
    } catch (SinkException | SecretUnavailableException e) {
      PreferablyLeased.warn(e);
      return null;
    }
  }

  private static Priority priority(Mode mode) {
    return mode instanceof Mode.Nightly ? Priority.FIRST : Priority.WHEN_FREE;
  }

  private ApiSettings api() {
    return api(Patience.LIMITED);
  }

  private ApiSettings api(Patience patience) {
    RetryPolicy retries = RetryPolicy.DEFAULT.withPatience(settings.patience());
    return new ApiSettings(
        settings.baseUrl(),
        settings.token(),
        settings.requestsPerMinute(),
        settings.maxInFlight(),
        settings.timeout(),
        ApiSettings.DEFAULT_MAX_BODY_BYTES,
        patience == Patience.ENDLESS ? retries.waiting() : retries,
        settings.caCertificates());
  }

  private PostgresSettings postgres() {
    ExportSettings.Postgres database = settings.postgres();
    if (database == null) {
      throw new ExportFailedException(
          FailureKind.CONFIGURATION, "no postgres: section in the configuration", null);
    }
    return new PostgresSettings(database.url(), database.user(), database.password());
  }

  private ParquetSettings parquet() {
    Path root = settings.parquetRoot();
    if (root == null) {
      throw new ExportFailedException(
          FailureKind.CONFIGURATION, "no parquet: section in the configuration", null);
    }
    return new ParquetSettings(root);
  }

  private Sinks open(ExportJob job) {
    return Sinks.open(
        job.toPostgres() ? postgres() : null,
        job.toParquet() ? parquet() : null,
        environment.variables());
  }

  /**
   * Converts the errors that prevent a command from starting into one exception with an exit code.
   */
  private <T> T guarded(Supplier<T> work) {
    WrongClockException.refuse(environment.time().instant(), null);
    try {
      return work.get();
    } catch (SecretUnavailableException
        | UnusableSettingsException
        | SinkException
        | LedgerException e) {
      FailurePolicy.Verdict verdict = FailurePolicy.of(e, false);
      throw new ExportFailedException(verdict.kind(), verdict.message(), e);
    }
  }
}
