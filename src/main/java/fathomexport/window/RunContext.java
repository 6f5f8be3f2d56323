package fathomexport.window;

import fathomexport.api.FathomClient;
import fathomexport.api.FathomClients;
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
import fathomexport.run.AccountAccess;
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
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What the lanes of one run share within a process: the clients with their permits, the sinks, the
 * control totals, and whether the run continues.
 */
public final class RunContext implements AutoCloseable {
  /** Windows after which the progress is recorded in the ledger. */
  private static final int WINDOWS_A_NOTE = 500;

  private final ExportSpec spec;
  private final RunEnvironment environment;
  private final Sinks sinks;
  private final FathomClients clients;
  private final @Nullable PipelineLock lock;
  private final Path spillDirectory;
  private final RunFailures failures;
  private final Map<String, Spending> spending = new HashMap<>();
  private final Map<String, Knowledge> knowledge = new HashMap<>();
  private final ControlBook book = new ControlBook();
  private final Map<Integer, LaneFetch> begun = new ConcurrentHashMap<>();
  private final Set<Integer> exported = ConcurrentHashMap.newKeySet();
  private final AtomicLong requestsTold = new AtomicLong();

  /** The spill directory if this context opened its resources; null if the caller closes them. */
  private final @Nullable SpillDirectory own;

  private RunSummary sofar = RunSummary.EMPTY;

  /**
   * Creates the context of the process that launches the run. The caller closes the arguments.
   *
   * @param lock null for a command that takes none
   * @param spillDirectory directory for the rows of large windows until their commit
   */
  public RunContext(
      ExportSpec spec,
      RunEnvironment environment,
      Sinks sinks,
      FathomClients clients,
      @Nullable PipelineLock lock,
      Path spillDirectory) {
    this(spec, environment, sinks, clients, lock, spillDirectory, null);
  }

  private RunContext(
      ExportSpec spec,
      RunEnvironment environment,
      Sinks sinks,
      FathomClients clients,
      @Nullable PipelineLock lock,
      Path spillDirectory,
      @Nullable SpillDirectory own) {
    this.spec = spec;
    this.environment = environment;
    this.sinks = sinks;
    this.clients = clients;
    this.lock = lock;
    this.spillDirectory = spillDirectory;
    this.own = own;
    this.failures = new RunFailures(spec.pipeline(), spec.accounts(), environment.stop(), lock);
    boolean triesLimitAgain = spec.startedAt().atOffset(ZoneOffset.UTC).getDayOfMonth() == 1;
    for (AccountAccess account : spec.accounts()) {
      FathomClient client = clients.of(account.name());
      spending.put(
          account.name(), new Spending(spec.budget(), environment.time(), client::billedRequests));
      knowledge.put(account.name(), new Knowledge(sinks, account.key(), triesLimitAgain));
    }
  }

  /**
   * Creates the context of a worker on another machine from the spec, which includes the lock's
   * fences.
   */
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
    FathomClients clients =
        ApiClients.clients(
            spec.accounts(),
            spec.priority(),
            spec.quota(),
            spec.quotaIsOptional(),
            spec.budget(),
            environment);
    return new RunContext(spec, environment, sinks, clients, null, spill.path(), spill);
  }

  public ExportSpec spec() {
    return spec;
  }

  /** Returns the failures of the run, and what they have ended. */
  public RunFailures failures() {
    return failures;
  }

  /** Returns the rest of the budget that the run has for an account. */
  Spending spending(String account) {
    return Objects.requireNonNull(spending.get(account));
  }

  /**
   * Creates a fetcher for a task; its retries count against the budget of its site and reports.
   *
   * @param turn the turn of the task, from 1
   */
  WindowFetcher fetcher(FetchTask task, int turn) {
    String account = task.site().account();
    FathomClient client = client(account);
    FathomClient waiting = mayReorder() ? client.postponing() : client;
    return new WindowFetcher(
        failures.isTroubled(task.site().id())
            ? waiting.askingTroubled(RunFailures.asker(task))
            : waiting.askingFor(RunFailures.asker(task)),
        book,
        Objects.requireNonNull(knowledge.get(account)),
        spec.rowLimit(),
        spec.maxRangeDays(),
        spillDirectory,
        turn);
  }

  /** Starts fetching these lanes before a lane is exported. */
  public void begin(List<Lane> lanes) {
    lanes.forEach(lane -> begun.put(lane.number(), new LaneFetch(lane, this)));
  }

  /**
   * Records that a lane is being exported.
   *
   * @return whether it may have been exported before: a worker cannot know
   */
  boolean mayBeAgain(Lane lane) {
    return !exported.add(lane.number()) || !holdsLock();
  }

  /** Returns the fetch of a lane; starts it unless {@link #begin} has done so. */
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

  FathomClient client(String account) {
    return clients.of(account);
  }

  RunEnvironment environment() {
    return environment;
  }

  String runId() {
    return spec.runId();
  }

  /** Returns whether this process holds the lock of the run's pipeline; exactly one does. */
  private boolean holdsLock() {
    return lock != null;
  }

  /** Sets the summary of what was lost before the first window. */
  public synchronized void lost(RunSummary before) {
    sofar = before;
  }

  /**
   * Reports to the listener that a window has ended. Records the progress in the ledger every 500
   * windows, so that it is known if the run is killed.
   */
  void ended(WindowOutcome outcome) {
    environment.listener().windowEnded(outcome);
    if (lock == null) {
      // A worker does not know the windows of other processes.
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

  /** Records the result of all windows of the run, of all machines, in the ledger. */
  public void record(RunSummary all) {
    sinks.ledger().record(recordOf(all));
  }

  private RunRecord recordOf(RunSummary summary) {
    return RunRecords.of(spec, summary, environment.time().instant(), 0, summary.exitCode());
  }

  /** Returns the number of billed requests since the last call. */
  public long takeRequestCount() {
    long sent = clients.billedRequests();
    return sent - requestsTold.getAndSet(sent);
  }

  /**
   * Returns whether a task may get another turn after the others. Not on a worker: its replacement
   * follows the plan order and would skip a task that was moved to the end.
   */
  boolean mayReorder() {
    return holdsLock();
  }

  @Override
  public void close() {
    begun.values().forEach(LaneFetch::close);
    knowledge.values().forEach(Knowledge::close);
    if (own != null) {
      clients.close();
      sinks.close();
      own.close();
    }
  }
}
