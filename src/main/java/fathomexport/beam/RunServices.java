package fathomexport.beam;

import fathomexport.api.ApiSettings;
import fathomexport.api.CappedPermits;
import fathomexport.api.Endpoint;
import fathomexport.api.FathomClient;
import fathomexport.api.Permits;
import fathomexport.api.ProcessPermits;
import fathomexport.api.RequestListener;
import fathomexport.api.RetryBudget;
import fathomexport.api.RunControls;
import fathomexport.api.StopSignal;
import fathomexport.api.TimeSource;
import fathomexport.fetch.ControlBook;
import fathomexport.fetch.Knowledge;
import fathomexport.fetch.WindowFetcher;
import fathomexport.plan.FetchTask;
import fathomexport.quota.LeasedPermits;
import fathomexport.quota.PreferablyLeased;
import fathomexport.quota.Spending;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.report.Window;
import fathomexport.run.Budget;
import fathomexport.run.ExportSpec;
import fathomexport.run.FailureKind;
import fathomexport.run.FailurePolicy;
import fathomexport.run.Priority;
import fathomexport.run.RunEnvironment;
import fathomexport.run.RunListener;
import fathomexport.run.RunSummary;
import fathomexport.run.WindowOutcome;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.sink.postgres.lease.PermitLease;
import fathomexport.sinks.PipelineLock;
import fathomexport.sinks.Sinks;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the steps of one run share within a process: the client with its permits, the sinks, the
 * control totals, and whether to go on. Steps are copied and moved by the runner, so they find it
 * by the run's id; a worker on another machine makes its own from the spec.
 */
public final class RunServices implements AutoCloseable {
  /**
   * The one registry: a runner gives steps no other way to share a permit lease within a process.
   */
  private static final ConcurrentMap<String, RunServices> RUNNING = new ConcurrentHashMap<>();

  private static final Logger LOG = LoggerFactory.getLogger(RunServices.class);

  private static final Duration MINUTE = Duration.ofMinutes(1);

  /** What a lease lasts longer than the longest call, so that a slow end is no lapse. */
  private static final Duration LEASE_MARGIN = Duration.ofSeconds(5);

  private final ExportSpec spec;
  private final RunEnvironment environment;
  private final Sinks sinks;
  private final FathomClient client;
  private final @Nullable PipelineLock lock;
  private final Spending spending;
  private final Knowledge knowledge;
  private final ControlBook book = new ControlBook();
  private volatile RunSummary summary = RunSummary.EMPTY;
  private final Prefetcher prefetcher = new Prefetcher(task -> new TaskFetch(this, task));
  private final AtomicInteger inHand = new AtomicInteger();
  private final AtomicLong requestsTold = new AtomicLong();
  private final AtomicReference<WindowOutcome> halt = new AtomicReference<>();
  private final Map<SiteId, WindowOutcome> lostSites = new ConcurrentHashMap<>();
  private final Map<String, WindowOutcome> refusedReports = new ConcurrentHashMap<>();
  private final Map<Asked, WindowOutcome> exhausted = new ConcurrentHashMap<>();
  private final Set<SiteId> troubled = ConcurrentHashMap.newKeySet();

  /** The reports of a task, at a site: what shares a retry budget. */
  private record Asked(SiteId site, String reports) {}

  /**
   * @param lock null on a worker, which has the lock's fences only
   */
  public RunServices(
      ExportSpec spec,
      RunEnvironment environment,
      Sinks sinks,
      FathomClient client,
      @Nullable PipelineLock lock) {
    this.spec = spec;
    this.environment = environment;
    this.sinks = sinks;
    this.client = client;
    this.lock = lock;
    this.spending = new Spending(spec.budget(), environment.time(), client::billedRequests);
    this.knowledge = new Knowledge(sinks, spec.account());
  }

  /** The permits of an account's two quotas. */
  public record Quotas(Permits reports, Permits lookups) {}

  /**
   * The permits of an account.
   *
   * @param quota the database that they are shared by; null for this process's own
   * @param optional whether the run goes on with its own when it loses that
   */
  public static Quotas quotas(
      ApiSettings api,
      String account,
      Priority priority,
      @Nullable PostgresSettings quota,
      boolean optional,
      Budget budget,
      RunEnvironment environment) {
    Permits reports = own(api, environment);
    Permits lookups = RunControls.lookupPermits(api, environment.time(), environment.stop());
    if (quota != null) {
      Permits leasedReports =
          leased(api, account, PermitLease.Quota.REPORTS, priority, quota, environment);
      Permits leasedLookups =
          leased(api, account, PermitLease.Quota.LOOKUPS, priority, quota, environment);
      reports = optional ? new PreferablyLeased(leasedReports, reports) : leasedReports;
      lookups = optional ? new PreferablyLeased(leasedLookups, lookups) : leasedLookups;
    }
    Long most = budget.requests();
    return new Quotas(most == null ? reports : new CappedPermits(reports, most), lookups);
  }

  private static Permits own(ApiSettings api, RunEnvironment environment) {
    return new ProcessPermits(
        api.requestsPerMinute(), MINUTE, api.maxInFlight(), environment.time(), environment.stop());
  }

  private static Permits leased(
      ApiSettings api,
      String account,
      PermitLease.Quota which,
      Priority priority,
      PostgresSettings quota,
      RunEnvironment environment) {
    boolean reports = which == PermitLease.Quota.REPORTS;
    PermitLease.Limits limits =
        new PermitLease.Limits(
            reports ? api.requestsPerMinute() : RunControls.LOOKUPS_PER_WINDOW,
            reports ? MINUTE : RunControls.LOOKUPS_WINDOW,
            api.maxInFlight(),
            LeasedPermits.SEND_WITHIN.plus(api.timeout()).plus(LEASE_MARGIN));
    return new LeasedPermits(
        new PermitLease(
            quota,
            environment.variables(),
            account,
            which,
            limits,
            priority.rank(),
            environment.databaseTime()),
        environment.time(),
        environment.stop());
  }

  /** A client whose billed requests the listener hears of. */
  public static FathomClient client(
      ApiSettings api, RunEnvironment environment, RequestListener listener, Quotas quotas) {
    StopSignal stop = environment.stop();
    TimeSource time = environment.time();
    return new FathomClient(
        api,
        environment.variables(),
        new RunControls(
            quotas.reports(),
            quotas.lookups(),
            RetryBudget::ofASiteAndReport,
            stop,
            listener,
            time,
            new Random()));
  }

  /** Tells a run's listener what a client does. */
  public static RequestListener hearing(RunListener listener) {
    return event -> {
      if (event instanceof RequestListener.Event.LongWait wait) {
        listener.waitingLong(wait.until(), wait.reason());
      }
      if (event.endpoint() == Endpoint.AGGREGATIONS
          || event.endpoint() == Endpoint.CURRENT_VISITORS) {
        if (event instanceof RequestListener.Event.Sent) {
          listener.requestSent();
        } else if (event instanceof RequestListener.Event.Limited) {
          listener.limited();
        } else if (event instanceof RequestListener.Event.Waiting waiting) {
          listener.waiting(waiting.until());
        }
      }
    };
  }

  /** Makes these services the ones that the run's steps find in this process. */
  public void register() {
    RUNNING.put(spec.runId(), this);
  }

  /** The services of a run in this process. */
  static RunServices of(ExportSpec spec) {
    return RUNNING.computeIfAbsent(spec.runId(), id -> onWorker(spec));
  }

  private static RunServices onWorker(ExportSpec spec) {
    RunEnvironment environment =
        new RunEnvironment(
            System.getenv(), TimeSource.system(), new StopSignal(), RunListener.NONE);
    Sinks sinks = Sinks.open(spec.postgres(), spec.parquet(), environment.variables());
    sinks.fence(spec.fences());
    return new RunServices(
        spec,
        environment,
        sinks,
        client(
            spec.api(),
            environment,
            hearing(environment.listener()),
            quotas(
                spec.api(),
                spec.account(),
                spec.priority(),
                spec.quota(),
                spec.quotaIsOptional(),
                spec.budget(),
                environment)),
        null);
  }

  Spending spending() {
    return spending;
  }

  /** Fetches a task; its retries come out of the budget of its site and reports. */
  WindowFetcher fetcher(FetchTask task) {
    return new WindowFetcher(
        troubled.contains(task.site().id())
            ? client.askingTroubled(asker(task))
            : client.askingFor(asker(task)),
        book,
        knowledge,
        spec.rowLimit(),
        spec.maxRangeDays(),
        Path.of(spec.spillDirectory()));
  }

  Path spillDirectory() {
    return Path.of(spec.spillDirectory());
  }

  Sinks sinks() {
    return sinks;
  }

  public ControlBook book() {
    return book;
  }

  public FathomClient client() {
    return client;
  }

  RunEnvironment environment() {
    return environment;
  }

  String runId() {
    return spec.runId();
  }

  Prefetcher prefetcher() {
    return prefetcher;
  }

  /** Takes what has become of the windows so far. */
  void summarised(RunSummary all) {
    summary = all;
  }

  /** What has become of the windows of the legs that have ended, when they ran in this process. */
  RunSummary summary() {
    return summary;
  }

  /** Windows that are fetched and have not ended yet. */
  int inHand() {
    return inHand.get();
  }

  void handOver(int windows) {
    inHand.addAndGet(windows);
  }

  /** Tells that a window that was handed over has ended. */
  void ended(WindowOutcome outcome) {
    inHand.decrementAndGet();
    environment.listener().windowEnded(outcome);
  }

  /** Billed requests since this was last asked. */
  long takeRequestCount() {
    long sent = client.billedRequests();
    return sent - requestsTold.getAndSet(sent);
  }

  /** Judges a failure of one of a task's pieces, and does what follows for its site and the run. */
  WindowOutcome failed(FetchTask task, Exception failure) {
    FailurePolicy.Verdict verdict = FailurePolicy.of(failure, task.slice().event() != null);
    WindowOutcome outcome = judged(task.toString(), task.slice(), failure, verdict);
    if (verdict.kind() == FailureKind.TRY_LATER) {
      troubled(task.site().id());
    }
    if (verdict.reach() == FailurePolicy.Reach.SITE_AND_REPORT) {
      exhausted.putIfAbsent(new Asked(task.site().id(), asker(task)), outcome);
    }
    return outcome;
  }

  /** Judges a failure of a window that was fetched, and does what follows for the run. */
  WindowOutcome failed(Window window, long requests, Exception failure) {
    return judged(window.toString(), window.slice(), failure).about(window, requests);
  }

  /**
   * Judges a commit that sinks have failed at, and does what follows for the report and the run.
   */
  WindowOutcome failed(Window window, long requests, Sinks.Committed done) {
    done.failures().stream()
        .filter(e -> FailurePolicy.of(e, false).kind() == FailureKind.FAULT)
        .forEach(e -> LOG.error("{}: internal error", window, e));
    FailurePolicy.Verdict verdict = FailurePolicy.of(done.failures(), !done.results().isEmpty());
    WindowOutcome outcome = verdict.outcome(window.toString()).about(window, requests);
    follow(verdict.reach(), window.slice().site(), window.report(), outcome);
    return outcome;
  }

  /** Judges a failure of a site's sample, and does what follows for the run. */
  WindowOutcome failed(SiteId site, Exception failure) {
    return judged(SiteQueue.name(site), new Slice(site, null), failure).about(site);
  }

  private WindowOutcome judged(String name, Slice slice, Exception failure) {
    return judged(name, slice, failure, FailurePolicy.of(failure, slice.event() != null));
  }

  private WindowOutcome judged(
      String name, Slice slice, Exception failure, FailurePolicy.Verdict verdict) {
    WindowOutcome outcome = verdict.outcome(name);
    if (verdict.kind() == FailureKind.FAULT) {
      LOG.error("{}: internal error", name, failure);
    }
    follow(verdict.reach(), slice.site(), "", outcome);
    return outcome;
  }

  private void follow(
      FailurePolicy.Reach reach, SiteId site, String report, WindowOutcome outcome) {
    switch (reach) {
      case RUN -> halt(outcome);
      case SITE -> lostSites.putIfAbsent(site, outcome);
      case REPORT -> {
        if (!report.isEmpty() && refusedReports.putIfAbsent(report, outcome) == null) {
          LOG.warn(
              "no further windows of report {} are fetched in this run, since they could not be"
                  + " stored and would be billed: {}",
              report,
              outcome.message());
        }
      }
      case WINDOW, SITE_AND_REPORT -> {
        // The next window may well succeed, or is the fetch's own matter.
      }
    }
  }

  /** Why windows of a report are not stored any more in this run; empty while a sink takes them. */
  Optional<WindowOutcome> refused(Report report) {
    return Optional.ofNullable(refusedReports.get(report.name()))
        .map(
            first ->
                WindowOutcome.failed(
                    "",
                    Objects.requireNonNullElse(first.failure(), FailureKind.STORAGE),
                    "not stored, since no place takes rows of report "
                        + report.name()
                        + ": see its window "
                        + first.window()));
  }

  /** The same of a task, when it fills no report whose windows are stored. */
  Optional<WindowOutcome> refused(FetchTask task) {
    List<WindowOutcome> refused =
        task.reports().stream().flatMap(report -> refused(report).stream()).toList();
    return refused.size() < task.reports().size() ? Optional.empty() : Optional.of(refused.get(0));
  }

  /** Why no further request is to be made; empty while the run goes on. */
  Optional<WindowOutcome> halted() {
    WindowOutcome reason = halt.get();
    if (reason == null) {
      return environment.stop().stopped()
          ? Optional.of(
              WindowOutcome.failed(
                  "", FailureKind.STOPPED, WindowOutcome.NOT_FETCHED + ": a stop was asked"))
          : Optional.empty();
    }
    return Optional.of(notFetched("the run was halted", reason));
  }

  /** How a window ends that is not fetched because of what another one has met. */
  private static WindowOutcome notFetched(String what, WindowOutcome reason) {
    String cause = reason.window().isEmpty() ? "" : reason.window() + ": ";
    return WindowOutcome.failed(
        "",
        Objects.requireNonNullElse(reason.failure(), FailureKind.FAULT),
        WindowOutcome.NOT_FETCHED + ", since " + what + ": " + cause + reason.message());
  }

  /** Ends the run at this window's edge: going on would cost requests for nothing. */
  void halt(WindowOutcome reason) {
    halt.compareAndSet(null, reason);
  }

  /**
   * Halts the run when another has taken its pipeline's lock, before that costs any more requests.
   *
   * @throws fathomexport.ledger.LedgerException when it cannot be found out
   */
  void haltUnlessLocked() {
    if (lock != null && !lock.stillHeld()) {
      halt(
          WindowOutcome.failed(
              "",
              FailureKind.TRY_LATER,
              "another run of pipeline " + spec.pipeline() + " has taken over"));
    }
  }

  private static String asker(FetchTask task) {
    return task.reports().stream().map(Report::name).collect(Collectors.joining("+"));
  }

  /** Why a task is not asked: its site does not answer, or has used up its report's retries. */
  Optional<WindowOutcome> lost(FetchTask task) {
    SiteId site = task.site().id();
    return lost(site)
        .or(
            () ->
                Optional.ofNullable(exhausted.get(new Asked(site, asker(task))))
                    .map(reason -> notFetched("its site and report have no retry left", reason)));
  }

  /** Why nothing more is asked of a site; empty while it answers. */
  Optional<WindowOutcome> lost(SiteId site) {
    return Optional.ofNullable(lostSites.get(site))
        .map(reason -> notFetched("nothing more is asked of the site", reason));
  }

  /**
   * Whether a task may get another turn behind the others. Not on a worker: one that takes over
   * from it goes by the order of the plan, and would leave out what was put behind.
   */
  boolean mayReorder() {
    return lock != null;
  }

  /** Notes that a query of a site failed: what is left of it comes last. */
  public void troubled(SiteId site) {
    troubled.add(site);
  }

  /** Tasks of sites that have not failed so far, then the others, each in their order. */
  List<FetchTask> troubledLast(List<FetchTask> tasks) {
    if (troubled.isEmpty()) {
      return tasks;
    }
    List<FetchTask> sorted = new ArrayList<>(tasks);
    sorted.sort(Comparator.comparing(task -> troubled.contains(task.site().id())));
    return sorted;
  }

  @Override
  public void close() {
    RUNNING.remove(spec.runId(), this);
    prefetcher.close();
    knowledge.close();
    client.close();
    sinks.close();
  }
}
