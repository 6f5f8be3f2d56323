package fathomexport.window;

import fathomexport.api.FathomClient;
import fathomexport.api.StopSignal;
import fathomexport.api.TimeSource;
import fathomexport.fetch.ControlBook;
import fathomexport.fetch.Knowledge;
import fathomexport.fetch.SpillDirectory;
import fathomexport.fetch.WindowFetcher;
import fathomexport.ledger.LedgerException;
import fathomexport.ledger.RunRecord;
import fathomexport.plan.FetchTask;
import fathomexport.quota.ApiClients;
import fathomexport.quota.Spending;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.report.Window;
import fathomexport.run.ExportSpec;
import fathomexport.run.FailureKind;
import fathomexport.run.FailurePolicy;
import fathomexport.run.RunEnvironment;
import fathomexport.run.RunListener;
import fathomexport.run.RunRecords;
import fathomexport.run.RunSummary;
import fathomexport.run.WindowOutcome;
import fathomexport.sinks.PipelineLock;
import fathomexport.sinks.Sinks;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the lanes of one run share within a process: the client with its permits, the sinks, the
 * control totals, and whether to go on.
 */
public final class RunContext implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RunContext.class);

  /** Windows after which it is written down how far the run is. */
  private static final int WINDOWS_A_NOTE = 500;

  private final ExportSpec spec;
  private final RunEnvironment environment;
  private final Sinks sinks;
  private final FathomClient client;
  private final @Nullable PipelineLock lock;
  private final Path spillDirectory;
  private final Spending spending;
  private final Knowledge knowledge;
  private final ControlBook book = new ControlBook();
  private final Map<Integer, LaneFetch> begun = new ConcurrentHashMap<>();
  private final AtomicLong requestsTold = new AtomicLong();
  private final AtomicReference<WindowOutcome> halt = new AtomicReference<>();
  private final Map<SiteId, WindowOutcome> lostSites = new ConcurrentHashMap<>();
  private final Map<String, WindowOutcome> refusedReports = new ConcurrentHashMap<>();
  private final Map<Asked, WindowOutcome> exhausted = new ConcurrentHashMap<>();
  private final Set<SiteId> troubled = ConcurrentHashMap.newKeySet();

  /** What was opened for this alone; null when others close what this was given. */
  private final @Nullable SpillDirectory own;

  private RunSummary sofar = RunSummary.EMPTY;

  /** The reports of a task, at a site: what shares a retry budget. */
  private record Asked(SiteId site, String reports) {}

  /**
   * For the process that launches the run, which closes what it gives.
   *
   * @param lock null for a command that takes none
   * @param spillDirectory where large windows wait for their commit
   */
  public RunContext(
      ExportSpec spec,
      RunEnvironment environment,
      Sinks sinks,
      FathomClient client,
      @Nullable PipelineLock lock,
      Path spillDirectory) {
    this(spec, environment, sinks, client, lock, spillDirectory, null);
  }

  private RunContext(
      ExportSpec spec,
      RunEnvironment environment,
      Sinks sinks,
      FathomClient client,
      @Nullable PipelineLock lock,
      Path spillDirectory,
      @Nullable SpillDirectory own) {
    this.spec = spec;
    this.environment = environment;
    this.sinks = sinks;
    this.client = client;
    this.lock = lock;
    this.spillDirectory = spillDirectory;
    this.own = own;
    this.spending = new Spending(spec.budget(), environment.time(), client::billedRequests);
    this.knowledge = new Knowledge(sinks, spec.account());
  }

  /** For a worker on another machine, which has no more than the spec and the lock's fences. */
  public static RunContext onWorker(ExportSpec spec) {
    RunEnvironment environment =
        new RunEnvironment(
            System.getenv(), TimeSource.system(), new StopSignal(), RunListener.NONE);
    return onWorker(spec, environment);
  }

  static RunContext onWorker(ExportSpec spec, RunEnvironment environment) {
    Sinks sinks = Sinks.open(spec.postgres(), spec.parquet(), environment.variables());
    sinks.fence(spec.fences());
    SpillDirectory spill = SpillDirectory.create();
    FathomClient client =
        ApiClients.client(
            spec.api(),
            environment,
            ApiClients.hearing(environment.listener()),
            ApiClients.quotas(
                spec.api(),
                spec.account(),
                spec.priority(),
                spec.quota(),
                spec.quotaIsOptional(),
                spec.budget(),
                environment));
    return new RunContext(spec, environment, sinks, client, null, spill.path(), spill);
  }

  public ExportSpec spec() {
    return spec;
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
        spillDirectory);
  }

  /** Begins to fetch these lanes, before anybody asks for what comes of them. */
  public void begin(List<Lane> lanes) {
    lanes.forEach(lane -> begun.put(lane.number(), new LaneFetch(lane, this)));
  }

  /** A lane on its way; begins it when that has not been done. */
  LaneFetch fetch(Lane lane) {
    LaneFetch early = begun.remove(lane.number());
    return early == null ? new LaneFetch(lane, this) : early;
  }

  Path spillDirectory() {
    return spillDirectory;
  }

  Sinks sinks() {
    return sinks;
  }

  public ControlBook book() {
    return book;
  }

  FathomClient client() {
    return client;
  }

  RunEnvironment environment() {
    return environment;
  }

  String runId() {
    return spec.runId();
  }

  /** Whether this is the process that holds the lock of the run's pipeline: there is one. */
  boolean holdsLock() {
    return lock != null;
  }

  /** Takes what was lost before the first window. */
  public synchronized void lost(RunSummary before) {
    sofar = before;
  }

  /** Tells that a window has ended; now and then notes how far the run is, lest it is killed. */
  void ended(WindowOutcome outcome) {
    environment.listener().windowEnded(outcome);
    if (lock == null) {
      // Others would have to be asked what has become of theirs.
      return;
    }
    synchronized (this) {
      sofar = sofar.plus(RunSummary.of(outcome));
      if (sofar.windows() % WINDOWS_A_NOTE != 0 || outcome.subject() == null) {
        return;
      }
      try {
        sinks.ledger().record(RunRecords.underWay(recordOf(sofar)));
      } catch (LedgerException e) {
        halt(FailurePolicy.of(e, false).outcome("the record of run " + spec.runId()));
      }
    }
  }

  /** Writes down what has become of all windows of the run, on whichever machine they were. */
  public void record(RunSummary all) {
    sinks.ledger().record(recordOf(all));
  }

  private RunRecord recordOf(RunSummary summary) {
    return RunRecords.of(spec, summary, environment.time().instant(), 0, summary.exitCode());
  }

  /** Billed requests since this was last asked. */
  public long takeRequestCount() {
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
    return judged(SiteQueue.name(site), new Slice(site, null), failure);
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
  public void halt(WindowOutcome reason) {
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
    return holdsLock();
  }

  /** Notes that a query of a site failed: what is left of it comes last. */
  public void troubled(SiteId site) {
    troubled.add(site);
  }

  /** Tasks of sites that have not failed so far, then the others, each in their order. */
  public List<FetchTask> troubledLast(List<FetchTask> tasks) {
    if (troubled.isEmpty()) {
      return tasks;
    }
    List<FetchTask> sorted = new ArrayList<>(tasks);
    sorted.sort(Comparator.comparing(task -> troubled.contains(task.site().id())));
    return sorted;
  }

  /** Whether a query of a site has failed. */
  boolean isTroubled(SiteId site) {
    return troubled.contains(site);
  }

  @Override
  public void close() {
    begun.values().forEach(LaneFetch::close);
    knowledge.close();
    if (own != null) {
      client.close();
      sinks.close();
      own.close();
    }
  }
}
