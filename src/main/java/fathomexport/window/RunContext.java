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
import fathomexport.run.ExportSpec;
import fathomexport.run.FailurePolicy;
import fathomexport.run.RunEnvironment;
import fathomexport.run.RunListener;
import fathomexport.run.RunRecords;
import fathomexport.run.RunSummary;
import fathomexport.run.WindowOutcome;
import fathomexport.sinks.PipelineLock;
import fathomexport.sinks.Sinks;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What the lanes of one run share within a process: the client with its permits, the sinks, the
 * control totals, and whether to go on.
 */
public final class RunContext implements AutoCloseable {
  /** Windows after which it is written down how far the run is. */
  private static final int WINDOWS_A_NOTE = 500;

  private final ExportSpec spec;
  private final RunEnvironment environment;
  private final Sinks sinks;
  private final FathomClient client;
  private final @Nullable PipelineLock lock;
  private final Path spillDirectory;
  private final RunFailures failures;
  private final Spending spending;
  private final Knowledge knowledge;
  private final ControlBook book = new ControlBook();
  private final Map<Integer, LaneFetch> begun = new ConcurrentHashMap<>();
  private final Set<Integer> exported = ConcurrentHashMap.newKeySet();
  private final AtomicLong requestsTold = new AtomicLong();

  /** What was opened for this alone; null when others close what this was given. */
  private final @Nullable SpillDirectory own;

  private RunSummary sofar = RunSummary.EMPTY;

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
    this.failures = new RunFailures(spec.pipeline(), environment.stop(), lock);
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

  /** What has failed, and what that has ended. */
  public RunFailures failures() {
    return failures;
  }

  Spending spending() {
    return spending;
  }

  /** Fetches a task; its retries come out of the budget of its site and reports. */
  WindowFetcher fetcher(FetchTask task) {
    return new WindowFetcher(
        failures.isTroubled(task.site().id())
            ? client.askingTroubled(RunFailures.asker(task))
            : client.askingFor(RunFailures.asker(task)),
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

  /**
   * Notes that a lane is exported now.
   *
   * @return whether that may be so a second time: a worker cannot know
   */
  boolean mayBeAgain(Lane lane) {
    return !exported.add(lane.number()) || !holdsLock();
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
  private boolean holdsLock() {
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
        failures.halt(FailurePolicy.of(e, false).outcome("the record of run " + spec.runId()));
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

  /**
   * Whether a task may get another turn behind the others. Not on a worker: one that takes over
   * from it goes by the order of the plan, and would leave out what was put behind.
   */
  boolean mayReorder() {
    return holdsLock();
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
