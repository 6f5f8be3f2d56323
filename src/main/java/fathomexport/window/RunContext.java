package fathomexport.window;

import fathomexport.api.FathomClient;
import fathomexport.api.FathomClients;
import fathomexport.api.PaidAnswers;
import fathomexport.api.pacing.RequestTally;
import fathomexport.fetch.SpillDirectory;
import fathomexport.fetch.WindowFetcher;
import fathomexport.fetch.control.ControlBook;
import fathomexport.fetch.limits.Knowledge;
import fathomexport.ledger.LedgerException;
import fathomexport.ledger.RunRecord;
import fathomexport.plan.FetchTask;
import fathomexport.quota.ApiClients;
import fathomexport.quota.Spending;
import fathomexport.report.Closing;
import fathomexport.run.AccountAccess;
import fathomexport.run.Budget;
import fathomexport.run.ExportSpec;
import fathomexport.run.FailurePolicy;
import fathomexport.run.RunEnvironment;
import fathomexport.run.RunRecords;
import fathomexport.run.RunSummary;
import fathomexport.run.WindowOutcome;
import fathomexport.sinks.PipelineLock;
import fathomexport.sinks.Sinks;
import java.nio.file.Path;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the lanes of one run share within a process: the clients with their permits, the sinks, the
 * control totals, and whether the run continues.
 */
public final class RunContext implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RunContext.class);

  /** Windows after which the progress is recorded in the ledger. */
  private static final int WINDOWS_PER_RECORD = 500;

  /** What this process does of a command, and with it which promises it must keep. */
  private enum Role {
    /** Launched the run: holds the pipeline's lock, and has a listener for all windows. */
    LAUNCHER,

    /** Exports one lane on another machine, and may be lost and replaced at any time. */
    WORKER,

    /** Samples the current visitors: no windows, and a lock that does not fence commits. */
    SNAPSHOT
  }

  private final Role role;
  private final ExportSpec spec;
  private final RunEnvironment environment;
  private final Sinks sinks;
  private final FathomClients clients;
  private final Path spillDirectory;
  private final RunFailures failures;
  private final Map<String, Spending> spending = new HashMap<>();
  private final Map<String, Knowledge> knowledge = new HashMap<>();
  private final ControlBook book = new ControlBook();
  private final PaidAnswers answers;
  private final Map<Integer, LaneFetch> begun = new ConcurrentHashMap<>();
  private final Set<Integer> exported = ConcurrentHashMap.newKeySet();
  private final AtomicLong requestsReported = new AtomicLong();

  /** The spill directory if this context opened its resources; null if the caller closes them. */
  private final @Nullable SpillDirectory own;

  /** The interrupted runs whose control totals this run uses. */
  private volatile Set<String> controlsOf = Set.of();

  private RunSummary sofar = RunSummary.EMPTY;

  /**
   * Creates the context of the process that launches a run. The caller closes the arguments.
   *
   * @param lock the lock of the run's pipeline, which this process holds
   * @param spillDirectory directory for the rows of large windows until their commit
   */
  public static RunContext ofLauncher(
      ExportSpec spec,
      RunEnvironment environment,
      Sinks sinks,
      FathomClients clients,
      PipelineLock lock,
      Path spillDirectory) {
    return new RunContext(
        Role.LAUNCHER,
        spec,
        environment,
        sinks,
        clients,
        lock,
        spillDirectory,
        null,
        spec.budget(),
        account -> clients.of(account)::billedRequests,
        PaidAnswers.NONE);
  }

  /**
   * Creates the context of a snapshot, whose lanes sample sites and export no windows. The caller
   * closes the arguments.
   */
  public static RunContext ofSnapshot(
      ExportSpec spec, RunEnvironment environment, Sinks sinks, FathomClients clients) {
    return new RunContext(
        Role.SNAPSHOT,
        spec,
        environment,
        sinks,
        clients,
        null,
        Path.of(""),
        null,
        spec.budget(),
        account -> clients.of(account)::billedRequests,
        PaidAnswers.NONE);
  }

  private RunContext(
      Role role,
      ExportSpec spec,
      RunEnvironment environment,
      Sinks sinks,
      FathomClients clients,
      @Nullable PipelineLock lock,
      Path spillDirectory,
      @Nullable SpillDirectory own,
      Budget budget,
      Function<String, LongSupplier> spent,
      PaidAnswers answers) {
    this.role = role;
    this.spec = spec;
    this.environment = environment;
    this.sinks = sinks;
    this.clients = clients;
    this.spillDirectory = spillDirectory;
    this.own = own;
    this.answers = answers;
    this.failures =
        new RunFailures(
            spec.pipeline(), spec.accounts(), environment.stop(), lock, environment.listener());
    boolean triesAgain = spec.startedAt().atOffset(ZoneOffset.UTC).getDayOfMonth() == 1;
    for (AccountAccess account : spec.accounts()) {
      spending.put(
          account.name(),
          new Spending(account.name(), budget, environment.time(), spent.apply(account.name())));
      knowledge.put(account.name(), new Knowledge(sinks, account.key(), triesAgain));
    }
  }

  /**
   * Creates the context of a worker on another machine from the spec, which includes the lock's
   * fences. It closes what it opens.
   *
   * @param tallies returns the tally of an account's requests over all workers. How long the run
   *     may take is watched by the process that was started
   * @param answers keeps the answers of the lane for the case that this worker is lost
   */
  static RunContext onWorker(
      ExportSpec spec,
      RunEnvironment environment,
      Function<String, RequestTally> tallies,
      PaidAnswers answers) {
    Budget budget = new Budget(spec.budget().requests(), null);
    Deque<AutoCloseable> opened = new ArrayDeque<>();
    try {
      Sinks sinks = Sinks.open(spec.postgres(), spec.parquet(), environment.variables());
      opened.push(sinks);
      sinks.fence(spec.fences());
      SpillDirectory spill = SpillDirectory.create();
      opened.push(spill);
      FathomClients clients =
          ApiClients.clients(
              spec.accounts(), spec.priority(), spec.quota(), false, budget, tallies, environment);
      opened.push(clients);
      RunContext context =
          new RunContext(
              Role.WORKER,
              spec,
              environment,
              sinks,
              clients,
              null,
              spill.path(),
              spill,
              budget,
              account -> tallies.apply(account)::taken,
              answers);
      opened.clear();
      return context;
    } finally {
      opened.forEach(RunContext::closeQuietly);
    }
  }

  private static void closeQuietly(AutoCloseable resource) {
    try {
      resource.close();
    } catch (Exception e) {
      LOG.debug("{} did not close", resource, e);
    }
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
    FathomClient waiting = client.postponing().keeping(answers);
    return new WindowFetcher(
        failures.isTroubled(task.site().id())
            ? waiting.askingTroubled(RunFailures.asker(task))
            : waiting.askingFor(RunFailures.asker(task)),
        book,
        Objects.requireNonNull(knowledge.get(account)),
        spec.rowLimit(),
        spec.maxRangeDays(),
        spillDirectory,
        turn,
        role == Role.WORKER);
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
    return !exported.add(lane.number()) || role == Role.WORKER;
  }

  /** Returns the fetch of a lane; starts it unless {@link #begin} has done so. */
  LaneFetch fetch(Lane lane) {
    LaneFetch early = begun.remove(lane.number());
    return early == null ? new LaneFetch(lane, this) : early;
  }

  /** Returns the directory for what the run keeps on this machine until its end. */
  public Path spillDirectory() {
    return spillDirectory;
  }

  Sinks sinks() {
    return sinks;
  }

  public ControlBook book() {
    return book;
  }

  /** Returns the answers that are kept for the case that this process is lost. */
  PaidAnswers answers() {
    return answers;
  }

  FathomClient client(String account) {
    return clients.of(account);
  }

  public RunEnvironment environment() {
    return environment;
  }

  String runId() {
    return spec.runId();
  }

  /** Sets the summary of what was lost before the first window. */
  public synchronized void lost(RunSummary before) {
    sofar = before;
  }

  /**
   * Reports to the listener that a window has ended. Records the progress in the ledger every 500
   * windows, so that it is known if the run is killed.
   */
  public void ended(WindowOutcome outcome) {
    environment.listener().windowEnded(outcome);
    if (role != Role.LAUNCHER) {
      // A worker does not know the windows of other processes, and a snapshot has none.
      return;
    }
    synchronized (this) {
      sofar = sofar.plus(RunSummary.of(outcome));
      if (!outcome.endsWindow() || sofar.windows() % WINDOWS_PER_RECORD != 0) {
        return;
      }
      try {
        sinks.ledger().record(RunRecords.underWay(spec, recordOf(sofar)));
      } catch (LedgerException e) {
        failures.halt(FailurePolicy.of(e, false).outcome("the record of run " + spec.runId()));
      }
    }
  }

  /** Reports a window that an earlier attempt at its lane had committed. */
  void endedBefore(WindowOutcome outcome) {
    if (role == Role.LAUNCHER) {
      ended(outcome);
    } else {
      environment.listener().windowEndedBefore(outcome);
    }
  }

  /**
   * Names the interrupted runs whose control totals a worker reads from the ledger; the book of the
   * process that launched the run has them already.
   */
  public void useControlsOf(Set<String> runIds) {
    controlsOf = Set.copyOf(runIds);
  }

  public Set<String> controlsOf() {
    return controlsOf;
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
    // Two lanes may end at once, and the later one may have read the lower number.
    return Math.max(0, sent - requestsReported.getAndUpdate(before -> Math.max(before, sent)));
  }

  /**
   * Returns whether a lane fetches the next chunk while one is committed. Not on a worker, which
   * keeps the answers of one chunk until its commit.
   */
  boolean fetchesAhead() {
    return role == Role.LAUNCHER;
  }

  @Override
  public void close() {
    List<AutoCloseable> opened = new ArrayList<>();
    if (own != null) {
      opened.addAll(List.of(own, sinks, clients));
    }
    knowledge.values().forEach(known -> opened.add(known::close));
    opened.addAll(begun.values());
    Closing.inReverse(opened);
  }
}
