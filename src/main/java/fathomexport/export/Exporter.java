package fathomexport.export;

import fathomexport.api.FathomClients;
import fathomexport.beam.BeamRun;
import fathomexport.inspect.Explanation;
import fathomexport.inspect.PlanOverview;
import fathomexport.inspect.StatusOverview;
import fathomexport.listing.Accounts;
import fathomexport.plan.Mode;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.run.Budget;
import fathomexport.run.EarlierRun;
import fathomexport.run.ExportFailedException;
import fathomexport.run.ExportJob;
import fathomexport.run.ExportSettings;
import fathomexport.run.FailurePolicy;
import fathomexport.run.Patience;
import fathomexport.run.Priority;
import fathomexport.run.RunEnvironment;
import fathomexport.run.RunRecords;
import fathomexport.run.RunResult;
import fathomexport.run.WrongClockException;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.sinks.Sinks;
import fathomexport.verify.Verification;
import fathomexport.verify.VerifyRun;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The commands on a configuration: the only entry point of this package for the command line and
 * for tests. Every method throws {@link ExportFailedException} if it cannot start.
 */
public final class Exporter {
  private final ExportServices services;

  public Exporter(ExportSettings settings, RunEnvironment environment) {
    this(ExportServices.of(settings, environment, environment.time()));
  }

  private Exporter(ExportServices services) {
    this.services = services;
  }

  /**
   * Returns an exporter that plans and reports as if it were this instant. It is for commands that
   * write nothing: what is stored carries the time at which it was fetched.
   */
  public Exporter asOf(Instant instant) {
    return new Exporter(
        ExportServices.of(
            services.settings(), services.environment(), InstantSource.fixed(instant)));
  }

  /**
   * Returns an exporter for which an API that is down is an answer: nothing is worth waiting for.
   */
  public Exporter impatient() {
    return new Exporter(
        ExportServices.of(
            services.settings().withPatience(Duration.ZERO),
            services.environment(),
            services.today()));
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
    return run(job, force, Budget.UNLIMITED, Patience.LIMITED, beamArguments);
  }

  /**
   * Like {@link #run(ExportJob, boolean, List)}, with this patience, but ends at a window boundary
   * when the budget is spent.
   */
  public RunResult run(
      ExportJob job, boolean force, Budget budget, Patience patience, List<String> beamArguments) {
    Mode nightly = new Mode.Nightly(job.lookbackDays(), force);
    return ExportRun.of(services, nightly, budget, patience, beamArguments).run(job);
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
    return backfill(job, days, force, null, newestFirst, budget, Patience.LIMITED, beamArguments);
  }

  /**
   * Like the backfill with a budget, with this patience in addition.
   *
   * @param fetchedBefore with {@code force}, only what was fetched before this time is exported
   *     again; null if everything is
   */
  public RunResult backfill(
      ExportJob job,
      DayRange days,
      boolean force,
      @Nullable Instant fetchedBefore,
      boolean newestFirst,
      Budget budget,
      Patience patience,
      List<String> beamArguments) {
    Mode backfill = new Mode.Backfill(days, force, fetchedBefore, newestFirst);
    return ExportRun.of(services, backfill, budget, patience, beamArguments).run(job);
  }

  /**
   * Samples the current visitors of the job's sites, once per site.
   *
   * @param detailed whether pages and referrers are queried, too
   */
  public RunResult snapshot(ExportJob job, boolean detailed, List<String> beamArguments) {
    return new SnapshotRun(services, detailed, beamArguments).run(job);
  }

  /**
   * Returns why reports of the job cannot be stored beside what is stored of them, keyed by their
   * names, with the remedy. Changes nothing, and asks the API nothing.
   */
  public Map<String, String> refusals(ExportJob job) {
    return withSinks(job, sinks -> sinks.refusals(job.reports(), job.renamed()));
  }

  /** Returns the names of the reports of which any of the job's sinks has stored something. */
  public Set<String> storedReports(ExportJob job) {
    return state(job, StoredState::reports);
  }

  /**
   * Prepares the sinks for the job's reports.
   *
   * @return what could not be done although the sinks are ready, in lines for people
   */
  public List<String> migrate(ExportJob job) {
    return withSinks(
        job,
        sinks -> {
          JobSinks.requireFitting(job, sinks);
          return JobSinks.prepare(job, sinks).lines();
        });
  }

  /**
   * Looks at everything that a run of the job depends on. Sends at most one billed request per
   * account.
   *
   * @return one item per thing that was looked at, whether it is in order or not
   */
  public List<Finding> check(ExportJob job, List<String> beamArguments) {
    Exporter impatient = impatient();
    return new Checkup(job, services.settings(), services.environment())
        .run(
            job.toPostgres()
                    || (services.settings().postgres() != null
                        && BeamRun.isOnCluster(beamArguments))
                ? services.sinks().postgres()
                : null,
            () -> impatient.services.clients().lookingUp(new Budget(1L, null)),
            beamArguments);
  }

  /**
   * Returns all sites that the tokens can list. Updates the tables of sites in the sinks that a run
   * has prepared.
   */
  public Accounts.Sites sites() {
    return guarded(
        () -> {
          PostgresSettings database = services.clients().preparedQuota();
          try (FathomClients clients = services.clients().lookingUp(database, Budget.UNLIMITED)) {
            Accounts.Sites sites = new Accounts(clients, services.settings().accounts()).all();
            services.sinks().recordListed(database, sites.sites());
            return sites;
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
    return stored(
        job,
        sinks -> {
          try (FathomClients clients = services.clients().lookingUp()) {
            JobSinks.requireFitting(job, sinks);
            Accounts.Found found =
                new Accounts(clients, services.settings().accounts()).subjects(job);
            WrongClockException.refuse(services.environment().time(), clients.timed());
            return services.planning().overview(job, mode, sinks, found);
          }
        });
  }

  /** Returns the coverage of the ledger, one line per report and slice. */
  public StatusOverview status(ExportJob job) {
    return status(job, Map.of(), stored -> List.of());
  }

  /**
   * Like {@link #status(ExportJob)}, with what other pipelines define.
   *
   * @param elsewhere the reports of other pipelines, by pipeline
   * @param orphans returns the stored reports that no pipeline defines, from the names of all
   *     stored reports, as lines for people
   */
  public StatusOverview status(
      ExportJob job,
      Map<String, List<Report>> elsewhere,
      Function<Set<String>, List<String>> orphans) {
    return state(
        job,
        state ->
            state.status(
                services.today().instant(),
                services.environment().time().instant(),
                services.recording(),
                elsewhere,
                orphans));
  }

  /** Returns when a run of the pipeline with this command last ended with exit code 0. */
  public Optional<Instant> lastSuccess(ExportJob job, String command) {
    return state(job, state -> state.lastSuccess(command));
  }

  /**
   * Returns the newest run of the pipeline with this command that started before this time, apart
   * from runs that were stopped as asked: whether the tool works, they do not say.
   */
  public Optional<EarlierRun> runBefore(ExportJob job, String command, Instant startedAt) {
    return state(job, state -> state.runBefore(command, startedAt));
  }

  /**
   * Queries the control totals of a range again and compares them with what is stored.
   *
   * @param days the range; empty for each site's yesterday and look-back
   */
  public Verification verify(ExportJob job, Optional<DayRange> days) {
    return stored(
        job,
        sinks -> {
          JobClients jobs = services.clients();
          try (FathomClients clients =
              jobs.clients(
                  jobs.accounts(), job, Priority.WHEN_FREE, jobs.quota(job), Budget.UNLIMITED)) {
            return new VerifyRun(services.settings(), services.environment(), job, sinks)
                .verify(days, clients);
          }
        });
  }

  /** Returns the origin of the numbers of a report, site and day. Sends no request to the API. */
  public Explanation explain(ExportJob job, Report report, SiteId site, LocalDate day) {
    return stored(
        job,
        sinks ->
            Explanation.of(
                report,
                site,
                day,
                services.planning().retention(job).outlived(report, day),
                sinks,
                services.settings().accounts()));
  }

  private <T> T state(ExportJob job, Function<StoredState, T> question) {
    return stored(job, sinks -> question.apply(new StoredState(services.settings(), job, sinks)));
  }

  /** Opens the sinks for a command that reads what is there before a run prepares them. */
  private <T> T stored(ExportJob job, Function<Sinks, T> work) {
    return withSinks(() -> services.sinks().open(job).asFound(job.renamed()), work);
  }

  private <T> T withSinks(ExportJob job, Function<Sinks, T> work) {
    return withSinks(() -> services.sinks().open(job), work);
  }

  private <T> T withSinks(Supplier<Sinks> opened, Function<Sinks, T> work) {
    return guarded(
        () -> {
          try (Sinks sinks = opened.get()) {
            return work.apply(sinks);
          }
        });
  }

  private <T> T guarded(Supplier<T> work) {
    return FailurePolicy.guarded(services.environment(), work);
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
    RunRecording.notBegun(
        stateDirectory,
        RunRecords.notBegun(pipeline, command, startedAt, finishedAt, exitCode, message));
  }
}
