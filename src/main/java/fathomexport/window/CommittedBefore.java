package fathomexport.window;

import fathomexport.fetch.SpillDirectory;
import fathomexport.fetch.WindowFetcher;
import fathomexport.fetch.control.CertifiedControl;
import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.LedgerEntry;
import fathomexport.plan.FetchTask;
import fathomexport.plan.HeldPeriod;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.report.Window;
import fathomexport.run.WindowOutcome;
import fathomexport.sink.Sink;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Finds what a run has committed before one of its lanes begins: a distributed runner restarts a
 * lane when its worker is lost. Reads each ledger once per lane and report.
 */
final class CommittedBefore {
  private final RunContext run;

  /** Answers to control queries that the ledger keeps and that the run need not send again. */
  private final List<CertifiedControl> controls = new ArrayList<>();

  /** The committed parts of tasks whose last page comes again. */
  private final List<FetchTask> again = new ArrayList<>();

  /** The periods whose rows this run has changed, by report. Read where they are needed. */
  private final Map<String, Map<Slice, Set<LocalDate>>> restated = new HashMap<>();

  CommittedBefore(RunContext run) {
    this.run = run;
  }

  /** A period of a report and slice. */
  private record CommittedPeriod(Report report, Slice slice, LocalDate period) {}

  /**
   * Returns the lane without the periods that need not be fetched again: per task, the leading
   * periods that this run has committed to every sink. Reports their windows as committed. If the
   * answers of pages that reach beyond them are kept, they stay in the lane, so that it sends the
   * requests that go on from these pages; {@link #uncommitted} leaves them out later.
   */
  Lane without(Lane lane, Consumer<WindowOutcome> ended) {
    Map<CommittedPeriod, LedgerEntry> committed = committed(lane);
    controls.forEach(c -> run.book().put(c.query(), c.query().days(), c.totals(), c.at()));
    if (committed.isEmpty()) {
      return lane;
    }
    List<FetchTask> left = new ArrayList<>();
    for (FetchTask task : lane.tasks()) {
      LocalDate next = next(task, committed);
      if (!next.isAfter(task.days().last())) {
        LocalDate from = run.answers().beginning(task.slice(), task.shape(), next);
        if (from.isBefore(next) && task.periods().contains(from)) {
          again.add(task.during(new DayRange(from, next.minusDays(1))));
        } else {
          from = next;
        }
        left.add(task.startingAt(from));
      }
      if (next.isAfter(task.days().first())) {
        FetchTask done = task.during(new DayRange(task.days().first(), next.minusDays(1)));
        boolean ends = next.isAfter(task.days().last());
        done.reports().forEach(report -> ended.accept(outcome(done, report, committed, ends)));
      }
    }
    return new Lane(lane.number(), lane.account(), left);
  }

  /**
   * Returns a result without what was committed before; empty if that is all of it. Its rows are
   * deleted.
   */
  Optional<LaneFetch.Result> uncommitted(LaneFetch.Result result) {
    FetchTask task = result.task();
    FetchTask before =
        again.stream()
            .filter(t -> t.slice().equals(task.slice()) && t.reports().equals(task.reports()))
            .filter(t -> t.days().contains(task.days().first()))
            .findFirst()
            .orElse(null);
    if (before == null) {
      return Optional.of(result);
    }
    if (result instanceof LaneFetch.Result.Nothing nothing) {
      return Optional.of(nothing.from(before.days().last().plusDays(1)));
    }
    if (!before.days().contains(task.days().last())) {
      return Optional.of(result);
    }
    if (result instanceof LaneFetch.Result.Came came
        && came.chunk() instanceof WindowFetcher.Chunk.Rows rows) {
      SpillDirectory.drop(rows.fetched().raw());
    }
    return Optional.empty();
  }

  /**
   * Returns the first day of a task that is still to be fetched, or the day after its last if there
   * is none.
   */
  private static LocalDate next(FetchTask task, Map<CommittedPeriod, LedgerEntry> committed) {
    for (LocalDate period : task.periods()) {
      for (Report report : task.reports()) {
        if (!committed.containsKey(new CommittedPeriod(report, task.slice(), period))) {
          return period.isBefore(task.days().first()) ? task.days().first() : period;
        }
      }
    }
    return task.days().last().plusDays(1);
  }

  /**
   * @param ends whether nothing of the windows is left
   */
  private WindowOutcome outcome(
      FetchTask done, Report report, Map<CommittedPeriod, LedgerEntry> committed, boolean ends) {
    Window window = done.window(report);
    List<LedgerEntry> entries =
        done.periods().stream()
            .map(period -> new CommittedPeriod(report, done.slice(), period))
            .map(key -> Objects.requireNonNull(committed.get(key)))
            .toList();
    long certified =
        entries.stream()
            .filter(e -> e.certificate().status() == CertificateStatus.CERTIFIED)
            .count();
    long changed = entries.stream().filter(entry -> wroteRows(done, report, entry)).count();
    return new WindowOutcome(
            window.toString(),
            null,
            "",
            true,
            Math.toIntExact(changed),
            entries.stream().mapToLong(e -> e.certificate().rows()).sum(),
            0)
        .with(new WindowOutcome.Periods(certified, entries.size() - certified, 0))
        .about(window, 0)
        .as(new WindowOutcome.ChunkPlace(ends, true, false, null));
  }

  /** Returns the entries by this run that all sinks have, in the version of the first sink. */
  private Map<CommittedPeriod, LedgerEntry> committed(Lane lane) {
    Map<CommittedPeriod, LedgerEntry> common = new HashMap<>();
    List<Sink> sinks = run.sinks().all();
    for (int i = 0; i < sinks.size(); i++) {
      Map<CommittedPeriod, LedgerEntry> own = committed(lane, sinks.get(i));
      if (i == 0) {
        common.putAll(own);
      } else {
        common.keySet().retainAll(own.keySet());
      }
    }
    return common;
  }

  private Map<CommittedPeriod, LedgerEntry> committed(Lane lane, Sink sink) {
    Set<Report> reports = new LinkedHashSet<>();
    lane.tasks().forEach(task -> reports.addAll(task.reports()));
    Set<SiteId> sites =
        lane.tasks().stream().map(task -> task.site().id()).collect(Collectors.toSet());
    LocalDate from =
        lane.tasks().stream()
            .map(task -> task.days().first())
            .min(LocalDate::compareTo)
            .orElse(LocalDate.MAX);
    Map<SiteId, String> zones = new HashMap<>();
    for (FetchTask task : lane.tasks()) {
      ZoneId zone = task.site().zone();
      if (zone != null) {
        zones.put(task.site().id(), zone.getId());
      }
    }
    Map<CommittedPeriod, LedgerEntry> committed = new HashMap<>();
    for (Report report : reports) {
      for (LedgerEntry entry : sink.ledger().entries(report.name(), sites, from)) {
        use(report, entry, zones);
        if (isByThisRun(entry)) {
          committed.put(
              new CommittedPeriod(report, entry.slice(), entry.certificate().period()), entry);
        }
      }
    }
    return committed;
  }

  /**
   * Keeps the answer that a period was certified against, if this run or an interrupted one knew it
   * lately: it serves the other reports of the slice, as it did before the lane was lost.
   */
  private void use(Report report, LedgerEntry entry, Map<SiteId, String> zones) {
    String runId = entry.knownBy();
    Instant since = run.environment().time().instant().minus(CertifiedControl.AGE);
    if (runId.equals(run.runId()) || run.controlsOf().contains(runId)) {
      CertifiedControl.of(report, entry, zones.get(entry.slice().site()), since)
          .ifPresent(controls::add);
    }
  }

  /**
   * Returns whether this run has written rows of a period: none of those that it confirmed, and of
   * those that were stored before it only where the journal says that they have changed.
   */
  private boolean wroteRows(FetchTask task, Report report, LedgerEntry entry) {
    if (!entry.provenance().runId().equals(run.runId())) {
      return false;
    }
    LocalDate period = entry.certificate().period();
    HeldPeriod before = task.held().get(period);
    return (entry.certificate().rows() > 0 && (before == null || !before.whole()))
        || restated
            .computeIfAbsent(report.name(), this::restated)
            .getOrDefault(entry.slice(), Set.of())
            .contains(period);
  }

  /** Returns the periods of a report whose rows this run has changed in any sink. */
  private Map<Slice, Set<LocalDate>> restated(String report) {
    Map<Slice, Set<LocalDate>> all = new HashMap<>();
    for (Sink sink : run.sinks().all()) {
      sink.ledger()
          .restatedBy(report, run.runId())
          .forEach((slice, periods) -> all.merge(slice, periods, CommittedBefore::union));
    }
    return all;
  }

  private static Set<LocalDate> union(Set<LocalDate> some, Set<LocalDate> more) {
    Set<LocalDate> all = new HashSet<>(some);
    all.addAll(more);
    return all;
  }

  private boolean isByThisRun(LedgerEntry entry) {
    LedgerEntry.Confirmed confirmed = entry.confirmed();
    return entry.certificate().status() != CertificateStatus.INCOMPLETE
        && (entry.provenance().runId().equals(run.runId())
            || (confirmed != null && confirmed.runId().equals(run.runId())));
  }
}
