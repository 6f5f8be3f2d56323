package fathomexport.window;

import fathomexport.api.pacing.StopSignal;
import fathomexport.plan.FetchTask;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.report.Window;
import fathomexport.run.Account;
import fathomexport.run.AccountAccess;
import fathomexport.run.FailureKind;
import fathomexport.run.FailurePolicy;
import fathomexport.run.RunListener;
import fathomexport.run.WindowOutcome;
import fathomexport.sinks.PipelineLock;
import fathomexport.sinks.Sinks;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The failures of a run so far, and what they have ended: the run, an account, a site, a report.
 * {@link FailurePolicy} decides how far each reaches. Thread-safe.
 */
public final class RunFailures {
  private static final Logger LOG = LoggerFactory.getLogger(RunFailures.class);

  private final String pipeline;
  private final StopSignal stop;
  private final @Nullable PipelineLock lock;
  private final RunListener listener;

  /** The keys of the settings that name the places of the tokens, by account. */
  private final Map<String, String> tokenSettings;

  private final AtomicReference<WindowOutcome> halt = new AtomicReference<>();
  private final Map<String, WindowOutcome> haltedAccounts = new ConcurrentHashMap<>();
  private final Map<SiteId, WindowOutcome> lostSites = new ConcurrentHashMap<>();
  private final Map<String, WindowOutcome> refusedReports = new ConcurrentHashMap<>();
  private final Map<Asked, WindowOutcome> exhausted = new ConcurrentHashMap<>();
  private final Set<SiteId> troubled = ConcurrentHashMap.newKeySet();

  /** The sites of which a query failed in this run, not only in the last one. */
  private final Set<SiteId> failedHere = ConcurrentHashMap.newKeySet();

  /** The reports of a task at a site, which share a retry budget. */
  private record Asked(SiteId site, String reports) {}

  RunFailures(
      String pipeline,
      List<AccountAccess> accounts,
      StopSignal stop,
      @Nullable PipelineLock lock,
      RunListener listener) {
    this.pipeline = pipeline;
    this.tokenSettings =
        accounts.stream()
            .collect(
                Collectors.toUnmodifiableMap(AccountAccess::name, AccountAccess::tokenSetting));
    this.stop = stop;
    this.lock = lock;
    this.listener = listener;
  }

  /** Classifies a failure to fetch a task and applies the consequences for its site and the run. */
  WindowOutcome judge(FetchTask task, Exception failure) {
    FailurePolicy.Verdict verdict = FailurePolicy.of(failure, task.slice().event() != null);
    WindowOutcome outcome =
        judged(task.toString(), task.slice(), task.site().account(), failure, verdict);
    if (verdict.kind() == FailureKind.TRY_LATER) {
      troubled(task.site().id());
      if (FailurePolicy.isFailedQuery(failure)) {
        failedHere.add(task.site().id());
      }
    }
    if (verdict.reach() == FailurePolicy.Reach.SITE_AND_REPORT) {
      exhausted.putIfAbsent(new Asked(task.site().id(), asker(task)), outcome);
    }
    return outcome.withFailedQuery(FailurePolicy.isFailedQuery(failure));
  }

  /** Classifies a failure of a window that was fetched and applies the consequences for the run. */
  WindowOutcome judge(Window window, long requests, Exception failure) {
    return judged(window.toString(), window.slice(), null, failure).about(window, requests);
  }

  /**
   * Classifies a commit that failed in some sinks and applies the consequences for the report and
   * the run.
   */
  WindowOutcome judge(Window window, long requests, Sinks.Committed done) {
    done.failures().stream()
        .filter(e -> FailurePolicy.of(e, false).kind() == FailureKind.FAULT)
        .forEach(e -> LOG.error("{}: internal error", window, e));
    FailurePolicy.Verdict verdict = FailurePolicy.of(done.failures(), !done.results().isEmpty());
    WindowOutcome outcome = verdict.outcome(window.toString()).about(window, requests);
    follow(verdict.reach(), window.slice().site(), null, window.report(), outcome);
    return outcome;
  }

  /**
   * Classifies a failure of a site's sample and applies the consequences for its account and the
   * run.
   */
  WindowOutcome judge(SiteId site, String account, Exception failure) {
    return judged(SiteQueue.name(site), new Slice(site, null), account, failure).about(site);
  }

  private WindowOutcome judged(
      String name, Slice slice, @Nullable String account, Exception failure) {
    return judged(name, slice, account, failure, FailurePolicy.of(failure, slice.event() != null));
  }

  /**
   * @param account the site's; null after the fetch, where no account can be at fault
   */
  private WindowOutcome judged(
      String name,
      Slice slice,
      @Nullable String account,
      Exception failure,
      FailurePolicy.Verdict verdict) {
    WindowOutcome outcome = verdict.outcome(name);
    if (verdict.reach() == FailurePolicy.Reach.ACCOUNT && account != null && !account.isEmpty()) {
      outcome =
          WindowOutcome.failed(
              name,
              verdict.kind(),
              Account.inWords(account, verdict.message())
                  + (verdict.kind() == FailureKind.PERMISSION
                      ? " (check the subscription of the account, its token, and where "
                          + tokenSettings.get(account)
                          + " in the settings points)"
                      : ""));
    }
    if (verdict.kind() == FailureKind.FAULT) {
      LOG.error("{}: internal error", name, failure);
    }
    follow(verdict.reach(), slice.site(), account, "", outcome);
    return outcome;
  }

  private void follow(
      FailurePolicy.Reach reach,
      SiteId site,
      @Nullable String account,
      String report,
      WindowOutcome outcome) {
    switch (reach) {
      case RUN -> halt(outcome);
      case ACCOUNT -> halt(account, outcome);
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
        // The next window may succeed. An exhausted retry budget is handled by the caller.
      }
    }
  }

  /** Returns why windows of a report are no longer stored in this run; empty while they are. */
  Optional<WindowOutcome> refused(Report report) {
    return Optional.ofNullable(refusedReports.get(report.name()))
        .map(
            first ->
                WindowOutcome.failed(
                    "",
                    Objects.requireNonNullElse(first.failure(), FailureKind.STORAGE),
                    "not stored, since every sink rejects the rows of report "
                        + report.name()
                        + "; for the reason, see window "
                        + first.window()));
  }

  /**
   * Returns why a task is not fetched, if none of its reports is stored any more; otherwise empty.
   */
  Optional<WindowOutcome> refused(FetchTask task) {
    List<WindowOutcome> refused =
        task.reports().stream().flatMap(report -> refused(report).stream()).toList();
    return refused.size() < task.reports().size() ? Optional.empty() : Optional.of(refused.get(0));
  }

  /** Returns why no further request is sent; empty while the run continues. */
  Optional<WindowOutcome> halted() {
    WindowOutcome reason = halt.get();
    if (reason == null) {
      return stop.stopped()
          ? Optional.of(
              WindowOutcome.failed(
                  "", FailureKind.STOPPED, WindowOutcome.NOT_FETCHED + ": stopped as requested"))
          : Optional.empty();
    }
    return Optional.of(haltedOrLost(WindowOutcome.HALTED, reason));
  }

  /**
   * Returns why a task is not fetched after the run was halted; empty while the run continues. The
   * outcome also says whether a query of the task's site failed in this run.
   */
  Optional<WindowOutcome> halted(FetchTask task) {
    return failedHere.contains(task.site().id())
        ? haltedAfterTrouble(task.site().account()).map(o -> o.withFailedQuery(true))
        : halted(task.site().account());
  }

  private Optional<WindowOutcome> haltedAfterTrouble(String account) {
    WindowOutcome reason = halt.get();
    if (reason != null) {
      return Optional.of(haltedOrLost(WindowOutcome.HALTED_AFTER_TROUBLE, reason));
    }
    WindowOutcome own = haltedAccounts.get(account);
    return own == null
        ? halted()
        : Optional.of(
            haltedOrLost(
                WindowOutcome.HALTED_AFTER_TROUBLE
                    + (account.isEmpty() ? "" : ", for account " + account),
                own));
  }

  /**
   * Returns why no further request about an account's sites is sent; empty while the run continues
   * for it.
   */
  Optional<WindowOutcome> halted(String account) {
    WindowOutcome own = haltedAccounts.get(account);
    return halted()
        .or(
            () ->
                Optional.ofNullable(own)
                    .map(
                        reason ->
                            haltedOrLost(
                                WindowOutcome.HALTED
                                    + (account.isEmpty() ? "" : " for account " + account),
                                reason)));
  }

  /** Returns the outcome of a window that is not fetched because of an earlier failure. */
  private static WindowOutcome notFetched(String what, WindowOutcome reason) {
    return haltedOrLost(WindowOutcome.NOT_FETCHED + ", since " + what, reason);
  }

  private static WindowOutcome haltedOrLost(String words, WindowOutcome reason) {
    String cause = reason.window().isEmpty() ? "" : reason.window() + ": ";
    return WindowOutcome.failed(
        "",
        Objects.requireNonNullElse(reason.failure(), FailureKind.FAULT),
        words + ": " + cause + withoutNotFetched(reason.message()));
  }

  /** Returns why something was not fetched, without these words, which are said once. */
  private static String withoutNotFetched(String message) {
    String words = WindowOutcome.NOT_FETCHED + ": ";
    return message.startsWith(words) ? message.substring(words.length()) : message;
  }

  /** Halts the run after the current window, since further requests would be wasted. */
  public void halt(WindowOutcome reason) {
    if (halt.compareAndSet(null, reason)) {
      listener.halted(null, reason);
    }
  }

  /**
   * Ends the queries about an account's sites after the current window.
   *
   * @param account null for the whole run
   */
  void halt(@Nullable String account, WindowOutcome reason) {
    if (account == null) {
      halt(reason);
    } else if (haltedAccounts.putIfAbsent(account, reason) == null) {
      listener.halted(account, reason);
    }
  }

  /**
   * Halts the run if another run has taken the pipeline's lock, before it sends more requests.
   *
   * @throws fathomexport.ledger.LedgerException if the lock cannot be checked
   */
  void haltUnlessLocked() {
    if (lock != null && !lock.stillHeld()) {
      halt(
          WindowOutcome.failed(
              "",
              FailureKind.TRY_LATER,
              "another run of pipeline " + pipeline + " has taken the lock"));
    }
  }

  /** Returns the name of the retry budget of a task: the names of its reports. */
  static String asker(FetchTask task) {
    return task.reports().stream().map(Report::name).collect(Collectors.joining("+"));
  }

  /**
   * Returns why a task is not fetched: its site has failed, or the retries of its site and reports
   * are used up.
   */
  Optional<WindowOutcome> lost(FetchTask task) {
    SiteId site = task.site().id();
    return lost(site)
        .or(
            () ->
                Optional.ofNullable(exhausted.get(new Asked(site, asker(task))))
                    .map(
                        reason ->
                            notFetched(
                                "site "
                                    + site
                                    + " and report "
                                    + asker(task)
                                    + " have used all their retries in this run",
                                reason)));
  }

  /** Returns why a site is not queried any more; empty while it is. */
  Optional<WindowOutcome> lost(SiteId site) {
    return Optional.ofNullable(lostSites.get(site))
        .map(reason -> notFetched("the site is no longer queried in this run", reason));
  }

  /** Records that a query of a site failed: the site's remaining tasks are fetched last. */
  public void troubled(SiteId site) {
    troubled.add(site);
  }

  /** Returns the tasks of sites without a failure, then the others, each in their order. */
  public List<FetchTask> troubledLast(List<FetchTask> tasks) {
    if (troubled.isEmpty()) {
      return tasks;
    }
    List<FetchTask> sorted = new ArrayList<>(tasks);
    sorted.sort(Comparator.comparing(task -> troubled.contains(task.site().id())));
    return sorted;
  }

  /** Returns whether a query of a site has failed. */
  boolean isTroubled(SiteId site) {
    return troubled.contains(site);
  }
}
