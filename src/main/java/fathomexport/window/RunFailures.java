package fathomexport.window;

import fathomexport.api.StopSignal;
import fathomexport.plan.FetchTask;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.report.Window;
import fathomexport.run.FailureKind;
import fathomexport.run.FailurePolicy;
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
 * The failures of a run so far, and what they have ended: the run, a site, a report. {@link
 * FailurePolicy} says how far each reaches. Thread-safe.
 */
public final class RunFailures {
  private static final Logger LOG = LoggerFactory.getLogger(RunFailures.class);

  private final String pipeline;
  private final StopSignal stop;
  private final @Nullable PipelineLock lock;
  private final AtomicReference<WindowOutcome> halt = new AtomicReference<>();
  private final Map<SiteId, WindowOutcome> lostSites = new ConcurrentHashMap<>();
  private final Map<String, WindowOutcome> refusedReports = new ConcurrentHashMap<>();
  private final Map<Asked, WindowOutcome> exhausted = new ConcurrentHashMap<>();
  private final Set<SiteId> troubled = ConcurrentHashMap.newKeySet();

  /** The reports of a task, at a site: what shares a retry budget. */
  private record Asked(SiteId site, String reports) {}

  RunFailures(String pipeline, StopSignal stop, @Nullable PipelineLock lock) {
    this.pipeline = pipeline;
    this.stop = stop;
    this.lock = lock;
  }

  /** Judges a failure of one of a task's pieces, and does what follows for its site and the run. */
  WindowOutcome judge(FetchTask task, Exception failure) {
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
  WindowOutcome judge(Window window, long requests, Exception failure) {
    return judged(window.toString(), window.slice(), failure).about(window, requests);
  }

  /**
   * Judges a commit that sinks have failed at, and does what follows for the report and the run.
   */
  WindowOutcome judge(Window window, long requests, Sinks.Committed done) {
    done.failures().stream()
        .filter(e -> FailurePolicy.of(e, false).kind() == FailureKind.FAULT)
        .forEach(e -> LOG.error("{}: internal error", window, e));
    FailurePolicy.Verdict verdict = FailurePolicy.of(done.failures(), !done.results().isEmpty());
    WindowOutcome outcome = verdict.outcome(window.toString()).about(window, requests);
    follow(verdict.reach(), window.slice().site(), window.report(), outcome);
    return outcome;
  }

  /** Judges a failure of a site's sample, and does what follows for the run. */
  WindowOutcome judge(SiteId site, Exception failure) {
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
      return stop.stopped()
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
              "another run of pipeline " + pipeline + " has taken over"));
    }
  }

  /** Whose retries a task's are. */
  static String asker(FetchTask task) {
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
}
