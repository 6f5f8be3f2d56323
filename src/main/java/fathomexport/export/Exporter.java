package fathomexport.export;

import fathomexport.api.ApiSettings;
import fathomexport.api.FathomClient;
import fathomexport.api.RetryPolicy;
import fathomexport.beam.BeamRun;
import fathomexport.fetch.Accounts;
import fathomexport.fetch.EventBound;
import fathomexport.fetch.RequestCosts;
import fathomexport.fetch.SpillDirectory;
import fathomexport.inspect.Explanation;
import fathomexport.inspect.PlanOverview;
import fathomexport.inspect.StaleRanges;
import fathomexport.inspect.StatusOverview;
import fathomexport.ledger.Ledger;
import fathomexport.ledger.LedgerException;
import fathomexport.ledger.PipelineLocks;
import fathomexport.ledger.RunRecord;
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
import fathomexport.run.Budget;
import fathomexport.run.ExportFailedException;
import fathomexport.run.ExportJob;
import fathomexport.run.ExportSettings;
import fathomexport.run.ExportSpec;
import fathomexport.run.FailureKind;
import fathomexport.run.FailurePolicy;
import fathomexport.run.Patience;
import fathomexport.run.Priority;
import fathomexport.run.RunEnvironment;
import fathomexport.run.RunRecords;
import fathomexport.run.RunResult;
import fathomexport.run.RunSummary;
import fathomexport.run.StaleRange;
import fathomexport.run.WindowOutcome;
import fathomexport.sink.Fence;
import fathomexport.sink.Sink;
import fathomexport.sink.SinkException;
import fathomexport.sink.parquet.file.ParquetSettings;
import fathomexport.sink.postgres.PostgresSink;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.sink.postgres.lease.PermitLease;
import fathomexport.sinks.PipelineLock;
import fathomexport.sinks.Sinks;
import fathomexport.verify.Verification;
import fathomexport.verify.VerifyRun;
import fathomexport.window.RunContext;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The commands on a configuration: the only entry point of this package for the command line and
 * for tests. Every method throws {@link ExportFailedException} if it cannot start.
 */
public final class Exporter {
  /** Maximum age of control totals from an interrupted run; older ones are queried again. */
  private static final Duration CONTROL_AGE = Duration.ofHours(2);

  private static final Duration MINUTE = Duration.ofMinutes(1);

  /** More than a year of runs, even where other pipelines run every hour. */
  private static final int RUNS_FOR_SUCCESS = 10_000;

  /** Enough runs to find the last one of a pipeline among those of others. */
  private static final int RECENT_RUNS = 50;

  private final ExportSettings settings;
  private final RunEnvironment environment;

  public Exporter(ExportSettings settings, RunEnvironment environment) {
    this.settings = settings;
    this.environment = environment;
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
    return guarded(
        () -> {
          UnpackDirectories.require();
          try (Sinks sinks = open(job)) {
            sinks.all().forEach(sink -> sink.samples().prepare());
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
              RunRecord done =
                  run.run(
                      found,
                      (startedAt, sites) ->
                          spec(
                              job,
                              SnapshotRun.COMMAND,
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

  /** Prepares the sinks for the job's reports. */
  public void migrate(ExportJob job) {
    guarded(
        () -> {
          try (Sinks sinks = open(job)) {
            sinks.all().forEach(sink -> sink.migrate(job.reports()));
          }
          return "";
        });
  }

  /** Returns all sites that the token can list. */
  public List<Site> sites() {
    return guarded(
        () -> {
          try (FathomClient client = lookingUp()) {
            return new Accounts(client).all();
          }
        });
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
            Accounts.Found found = new Accounts(client).subjects(job);
            LedgerView view = new LedgerView(job, sinks);
            WindowPlanner planner = planner(job, mode, view, found.subjects());
            EventBound events = EventBound.of(job, found.subjects(), view.storedEvents());
            Plan plan = planner.plan(events.subjects());
            return PlanOverview.of(
                costs(view, sinks),
                plan,
                mode instanceof Mode.Nightly ? planner.usualNight().plan(events.subjects()) : null,
                YearMonth.from(environment.time().instant().atOffset(ZoneOffset.UTC)),
                job.reports().stream()
                    .collect(Collectors.toMap(Report::name, r -> sinks.weight(r.name()))),
                Stream.concat(found.lost().stream(), events.leftOut().stream())
                    .map(l -> l.window() + ": " + l.message())
                    .toList());
          }
        });
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
            return StatusOverview.of(
                job,
                sinks,
                environment.time().instant(),
                settings.requestsPerMinute(),
                settings.accountKey());
          }
        });
  }

  /** Returns when a run of the pipeline with this command last ended with exit code 0. */
  public Optional<Instant> lastSuccess(ExportJob job, String command) {
    return guarded(
        () -> {
          try (Sinks sinks = open(job)) {
            return sinks.ledger().runs(RUNS_FOR_SUCCESS).stream()
                .filter(r -> r.pipeline().equals(job.name()) && r.command().equals(command))
                .filter(r -> Objects.equals(r.exitCode(), 0))
                .flatMap(r -> Stream.ofNullable(r.finishedAt()))
                .max(Instant::compareTo);
          }
        });
  }

  /** Queries the control totals of a range again and compares them with what is stored. */
  public Verification verify(ExportJob job, DayRange days) {
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
      ExportJob job, Mode mode, Budget budget, Patience patience, List<String> beamArguments) {
    ApiSettings api = api(patience);
    return guarded(
        () -> {
          UnpackDirectories.require();
          try (Sinks sinks = open(job)) {
            sinks.all().forEach(sink -> sink.migrate(job.reports()));
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
              return export(job, mode, api, quota, budget, beamArguments, sinks, held, client);
            }
          }
        });
  }

  private RunResult export(
      ExportJob job,
      Mode mode,
      ApiSettings api,
      @Nullable PostgresSettings quota,
      Budget budget,
      List<String> beamArguments,
      Sinks sinks,
      PipelineLock lock,
      FathomClient client) {
    Instant startedAt = environment.time().instant();
    Accounts.Found found = new Accounts(client).subjects(job);
    LedgerView view = new LedgerView(job, sinks);
    WindowPlanner planner = planner(job, mode, view, found.subjects());
    EventBound events = EventBound.of(job, found.subjects(), view.storedEvents());
    Plan plan = planner.plan(events.subjects());
    List<WindowOutcome> failed = new ArrayList<>(found.lost());
    events.leftOut().stream().filter(e -> e.failure() != null).forEach(failed::add);
    try (SpillDirectory spill = SpillDirectory.create()) {
      ExportSpec spec =
          spec(
              job,
              mode.command(),
              plan.windows(),
              startedAt,
              api,
              priority(mode),
              quota,
              budget,
              lock.fences());
      environment.listener().planned(costs(view, sinks).planned(spec, plan, found.sites()));
      failed.forEach(environment.listener()::windowEnded);
      events.leftOut().stream()
          .filter(e -> e.failure() == null)
          .forEach(e -> environment.listener().notice(e.window() + ": " + e.message()));
      RunSummary lost =
          failed.stream().map(RunSummary::of).reduce(RunSummary.EMPTY, RunSummary::plus);
      RunRecord ended;
      if (plan.tasks().isEmpty()) {
        ended = RunRecords.of(spec, lost, startedAt, 0, lost.exitCode());
      } else {
        try (RunContext context =
            new RunContext(spec, environment, sinks, client, lock, spill.path())) {
          LastNight.troubled(sinks.ledger().runs(RECENT_RUNS), job.name(), found.sites())
              .forEach(context.failures()::troubled);
          if (!mode.force()) {
            view.seed(context.book(), plan, startedAt.minus(CONTROL_AGE));
          }
          sinks.ledger().record(RunRecords.begun(spec));
          long requests =
              new BeamRun(beamArguments, settings.maxInFlight())
                  .export(context, plan.tasks(), lost);
          ended = RunRecords.withRequests(find(sinks.ledger(), spec.runId()), requests);
        }
      }
      int exitCode =
          environment.stop().stopped()
              ? FailureKind.STOPPED.exitCode()
              : Objects.requireNonNullElse(ended.exitCode(), FailureKind.FAULT.exitCode());
      RunRecord done = RunRecords.finished(ended, environment.time().instant(), exitCode);
      sinks.ledger().record(done);
      runEnded(sinks);
      return RunResult.of(
          done,
          exitCode,
          found.recordsSkipped(),
          floor(done.requests()),
          stale(job, found, sinks, plan));
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
        job.reports(), found.subjects().stream().map(s -> s.site().id()).toList(), sinks, zones);
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
    Instant now = environment.time().instant();
    LocalDate from =
        mode instanceof Mode.Backfill backfill
            ? backfill.days().first()
            // Search for gaps no further back than one window.
            : LocalDate.ofInstant(now, ZoneOffset.UTC)
                .minusDays(settings.maxRangeDays() + job.lookbackDays() + 2L);
    return new WindowPlanner(
        job.reports(),
        view.holdings(subjects.stream().map(s -> s.site().id()).toList(), from),
        mode,
        now,
        settings.maxRangeDays(),
        view.lookback());
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
    return client(
        api(),
        ApiClients.quotas(
            api(),
            settings.accountKey(),
            Priority.WHEN_FREE,
            preparedQuota(),
            true,
            Budget.UNLIMITED,
            environment));
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
        patience == Patience.ENDLESS ? retries.waiting() : retries);
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
  private static <T> T guarded(Supplier<T> work) {
    try {
      return work.get();
    } catch (SecretUnavailableException | SinkException | LedgerException e) {
      FailurePolicy.Verdict verdict = FailurePolicy.of(e, false);
      throw new ExportFailedException(verdict.kind(), verdict.message(), e);
    }
  }
}
