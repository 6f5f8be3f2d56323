package fathomexport.plan;

import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Entity;
import fathomexport.report.Field;
import fathomexport.report.Filter;
import fathomexport.report.QueryShape;
import fathomexport.report.Report;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Decides which windows are due. Deterministic: the result depends only on the ledger, the mode and
 * the instant, so that a rerun after a killed run plans the windows that are left.
 */
public final class WindowPlanner {
  /** Widest range in days that the API allows for hour grouping. */
  public static final int HOUR_DAYS = 7;

  private final List<Report> reports;
  private final Map<String, Holdings> holdings;
  private final Mode mode;
  private final Instant now;
  private final int maxRangeDays;
  private final Lookback lookback;

  /** Whether to plan a typical night rather than this one. */
  private final boolean usual;

  /** The first day that is kept, by the names of the reports that are not kept for ever. */
  private Map<String, LocalDate> kept = Map.of();

  /** Names of the reports to export; the others of the pipeline only share control queries. */
  private final Set<String> chosen;

  /**
   * @param holdings what the sinks have stored, by report name
   * @param now decides which days are over in each site's zone
   * @param maxRangeDays widest window in days, for groupings other than hour; a month or a year is
   *     never cut
   * @param lookback for which reports and sites the look-back may be confirmed
   */
  public WindowPlanner(
      List<Report> reports,
      Map<String, Holdings> holdings,
      Mode mode,
      Instant now,
      int maxRangeDays,
      Lookback lookback) {
    this(
        reports,
        holdings,
        mode,
        now,
        maxRangeDays,
        lookback,
        false,
        reports.stream().map(Report::name).collect(Collectors.toSet()));
  }

  private WindowPlanner(
      List<Report> reports,
      Map<String, Holdings> holdings,
      Mode mode,
      Instant now,
      int maxRangeDays,
      Lookback lookback,
      boolean usual,
      Set<String> chosen) {
    this.lookback = lookback;
    this.usual = usual;
    this.chosen = Set.copyOf(chosen);
    this.reports = List.copyOf(reports);
    this.holdings = Map.copyOf(holdings);
    this.mode = mode;
    this.now = now;
    this.maxRangeDays = maxRangeDays;
  }

  /** Reports that share a control query: everything but the fields and the aggregates is equal. */
  private record Family(Slice slice, Entity entity, DateGrouping grouping, List<Filter> filters) {}

  /** Creates a planner whose look-back is confirmed wherever a control can. */
  public WindowPlanner(
      List<Report> reports,
      Map<String, Holdings> holdings,
      Mode mode,
      Instant now,
      int maxRangeDays) {
    this(reports, holdings, mode, now, maxRangeDays, Lookback.CONFIRMED);
  }

  /**
   * Returns a planner of a typical night, after successful ones: nothing of the night is done yet,
   * there are no gaps, and all but the last period of the look-back is stored.
   */
  public WindowPlanner usualNight() {
    return new WindowPlanner(reports, holdings, mode, now, maxRangeDays, lookback, true, chosen)
        .keeping(kept);
  }

  /**
   * Returns a planner that exports only some of the reports. Control queries stay those of all
   * reports: with fewer aggregates their totals could not confirm what is stored, neither now nor
   * in the next run.
   */
  public WindowPlanner only(Collection<Report> exported) {
    return new WindowPlanner(
            reports,
            holdings,
            mode,
            now,
            maxRangeDays,
            lookback,
            usual,
            exported.stream().map(Report::name).collect(Collectors.toSet()))
        .keeping(kept);
  }

  /**
   * Has the planner leave out the periods that are older than they are kept.
   *
   * @param firstDays the first day that is kept, by the report's name, at the start of a period
   */
  public WindowPlanner keeping(Map<String, LocalDate> firstDays) {
    kept = Map.copyOf(firstDays);
    return this;
  }

  /** Returns the first day that is kept of a report. */
  private LocalDate firstKept(Report report) {
    return kept.getOrDefault(report.name(), LocalDate.MIN);
  }

  /** The due periods, and how many more would be due if the site could have data for them. */
  private record Due(NavigableSet<LocalDate> periods, long skipped, long outlived) {}

  public Plan plan(List<Subject> subjects) {
    List<FetchTask> tasks = new ArrayList<>();
    List<Plan.Stale> stale = new ArrayList<>();
    long skipped = 0;
    long outlived = 0;
    Set<SiteId> fetched = new HashSet<>();
    for (Subject subject : subjects) {
      List<FetchTask> ofSite = new ArrayList<>();
      Map<Family, Map<List<Field>, List<Report>>> families = new LinkedHashMap<>();
      for (Report report : reports) {
        for (Slice slice : subject.slices(report)) {
          families
              .computeIfAbsent(
                  new Family(slice, report.entity(), report.dateGrouping(), report.filters()),
                  f -> new LinkedHashMap<>())
              .computeIfAbsent(report.fields(), f -> new ArrayList<>())
              .add(report);
        }
      }
      for (Map.Entry<Family, Map<List<Field>, List<Report>>> e : families.entrySet()) {
        Left left = planFamily(subject.site(), e.getKey(), e.getValue(), ofSite, stale);
        skipped += left.skipped();
        outlived += left.outlived();
      }
      audit(subject.site(), ofSite);
      tasks.addAll(ofSite);
      if (lookback.sites().contains(subject.site().id())) {
        fetched.add(subject.site().id());
      }
    }
    // The sort is stable: tasks of the same control range stay in the order of planning.
    Comparator<FetchTask> byEnd = Comparator.comparing(t -> t.control().days().last());
    boolean newestFirst = !(mode instanceof Mode.Backfill b) || b.newestFirst();
    tasks.sort(newestFirst ? byEnd.reversed() : byEnd);
    return new Plan(
        tasks,
        stale,
        skipped,
        outlived,
        fetched,
        missing(subjects),
        mode instanceof Mode.Nightly ? starts(subjects) : List.of());
  }

  /**
   * Selects one period that a control might confirm to be fetched as an audit, once per site and
   * week. The reports take turns week by week, and the days advance after each round of reports.
   * Only periods that were stored before the site's current week qualify, so that a new site is not
   * audited at once. A run of some reports leaves the turn to a run of all.
   */
  private void audit(Site site, List<FetchTask> tasks) {
    if (usual
        || chosen.size() < reports.size()
        || !lookback.auditIsDue(site.id(), today(site), site.closingZone())) {
      return;
    }
    long week = Lookback.week(site.id(), today(site));
    List<Integer> candidates = new ArrayList<>();
    Map<Integer, List<LocalDate>> periods = new HashMap<>();
    for (int i = 0; i < tasks.size(); i++) {
      FetchTask task = tasks.get(i);
      List<LocalDate> confirmable =
          task.held().entrySet().stream()
              .filter(e -> e.getValue().controlDigest() != null && e.getValue().rows() > 0)
              .map(Map.Entry::getKey)
              .filter(p -> Lookback.week(site.id(), fetchedOn(task, p)) < week)
              .sorted(Comparator.reverseOrder())
              .toList();
      if (!task.isControl() && !confirmable.isEmpty()) {
        candidates.add(i);
        periods.put(i, confirmable);
      }
    }
    if (candidates.isEmpty()) {
      return;
    }
    // Order by what they query rather than by their place in the file.
    candidates.sort(
        Comparator.comparing((Integer i) -> tasks.get(i).shape().key())
            .thenComparing(i -> tasks.get(i).slice().eventKey()));
    int chosen = candidates.get(Math.floorMod(week, candidates.size()));
    List<LocalDate> days = periods.getOrDefault(chosen, List.of());
    LocalDate day = days.get(Math.floorMod(week / candidates.size(), days.size()));
    tasks.set(chosen, tasks.get(chosen).auditing(day));
  }

  /** Returns the latest day on which one of a task's reports was fetched for a period. */
  private LocalDate fetchedOn(FetchTask task, LocalDate period) {
    return task.reports().stream()
        .flatMap(r -> holdingsOf(r).of(task.slice(), period, task.endOf(period)).stream())
        .map(h -> h.fetchedAt().atZone(task.site().closingZone()).toLocalDate())
        .max(Comparator.naturalOrder())
        .orElse(today(task.site()));
  }

  /** The numbers of periods that are left out. */
  private record Left(long skipped, long outlived) {}

  private Left planFamily(
      Site site,
      Family family,
      Map<List<Field>, List<Report>> shapes,
      List<FetchTask> tasks,
      List<Plan.Stale> stale) {
    LocalDate over = lastFinishedDay(site);
    Map<List<Field>, NavigableSet<LocalDate>> dueByShape = new HashMap<>();
    NavigableSet<LocalDate> dueByAny = new TreeSet<>();
    long skipped = 0;
    long outlived = 0;
    Set<Aggregate> asked = EnumSet.copyOf(Aggregate.additiveOf(family.entity()));
    for (Map.Entry<List<Field>, List<Report>> e : shapes.entrySet()) {
      NavigableSet<LocalDate> due = new TreeSet<>();
      for (Report report : e.getValue()) {
        asked.addAll(report.aggregates());
        if (!chosen.contains(report.name())) {
          continue;
        }
        Due own = due(report, family.slice(), site, over);
        skipped += own.skipped();
        outlived += own.outlived();
        due.addAll(own.periods());
        stale.addAll(stale(report, family.slice(), site, own.periods()));
      }
      dueByShape.put(e.getKey(), due);
      dueByAny.addAll(due);
    }
    List<List<Field>> order = new ArrayList<>(shapes.keySet());
    // The ungrouped query first: its response is the control of the others.
    order.sort(Comparator.comparing(fields -> !fields.isEmpty()));
    for (DayRange range : ranges(family.grouping(), dueByAny, over)) {
      History history = history(family, shapes.values(), range);
      for (List<Field> fields : order) {
        NavigableSet<LocalDate> due = dueByShape.getOrDefault(fields, new TreeSet<>());
        NavigableSet<LocalDate> inside = due.subSet(range.first(), true, range.last(), true);
        for (DayRange days : ranges(family.grouping(), inside, range.last())) {
          tasks.add(
              task(
                  site,
                  family,
                  fields,
                  shapes.getOrDefault(fields, List.of()).stream()
                      .filter(report -> chosen.contains(report.name()))
                      .toList(),
                  days,
                  ControlQuery.of(
                      shapes.values().iterator().next().get(0), family.slice(), range, asked),
                  history));
        }
      }
    }
    return new Left(skipped, outlived);
  }

  /** Returns what the reports with this control have stored, from a few periods before it on. */
  private History history(Family family, Collection<List<Report>> shapes, DayRange control) {
    Set<LocalDate> stored = new TreeSet<>();
    Set<LocalDate> active = new TreeSet<>();
    if (family.grouping() != DateGrouping.NONE) {
      LocalDate from = control.first();
      for (int i = 0; i < History.PERIODS; i++) {
        from = family.grouping().periodStart(from.minusDays(1));
      }
      DayRange seen = new DayRange(from, control.last());
      for (List<Report> sharing : shapes) {
        for (Report report : sharing) {
          for (Held held : holdingsOf(report).all(family.slice())) {
            if (seen.contains(held.period())) {
              stored.add(held.period());
              if (held.rows() > 0) {
                active.add(held.period());
              }
            }
          }
        }
      }
    }
    return new History(stored, active);
  }

  private FetchTask task(
      Site site,
      Family family,
      List<Field> fields,
      List<Report> sharing,
      DayRange days,
      ControlQuery control,
      History history) {
    Set<Aggregate> asked = EnumSet.copyOf(Aggregate.additiveOf(family.entity()));
    sharing.forEach(report -> asked.addAll(report.aggregates()));
    if (fields.isEmpty()) {
      // It is the control of the others and must show changes of all their aggregates.
      asked.addAll(control.shape().aggregates());
    }
    if (asked.contains(Aggregate.BOUNCE_RATE)) {
      asked.add(Aggregate.VISITS);
    }
    QueryShape shape =
        new QueryShape(
            family.entity(), List.copyOf(asked), family.grouping(), fields, family.filters());
    return new FetchTask(
        site,
        family.slice(),
        shape,
        days,
        sharing,
        control,
        heldPeriods(site, sharing, family.slice(), days),
        history,
        null);
  }

  private Map<LocalDate, HeldPeriod> heldPeriods(
      Site site, List<Report> sharing, Slice slice, DayRange days) {
    Map<LocalDate, HeldPeriod> held = new HashMap<>();
    if (usual) {
      boolean confirmed =
          !lookback.sites().contains(site.id())
              && sharing.stream().noneMatch(r -> lookback.reports().contains(r.name()));
      DateGrouping grouping = sharing.get(0).dateGrouping();
      if (confirmed && grouping != DateGrouping.NONE) {
        days.periods(grouping)
            .filter(p -> grouping.periodEnd(p).isBefore(days.last()))
            .forEach(p -> held.put(p, new HeldPeriod(1, "usual")));
      }
      return held;
    }
    Map<LocalDate, Integer> holders = new HashMap<>();
    for (Report report : sharing) {
      boolean byRange = report.dateGrouping() == DateGrouping.NONE;
      for (Held h : holdingsOf(report).all(slice)) {
        boolean replaced =
            byRange
                ? days.equals(new DayRange(h.period(), h.coversTo()))
                : days.contains(h.period());
        if (replaced) {
          holders.merge(h.period(), 1, Integer::sum);
          held.merge(
              h.period(),
              new HeldPeriod(h.rows(), confirmable(h, report, site) ? h.controlDigest() : null),
              (a, b) ->
                  new HeldPeriod(
                      Math.max(a.rows(), b.rows()),
                      Objects.equals(a.controlDigest(), b.controlDigest())
                          ? a.controlDigest()
                          : null));
        }
      }
    }
    // A period that one of the reports lacks is fetched.
    held.replaceAll(
        (period, h) ->
            Objects.equals(holders.get(period), sharing.size())
                ? h
                : new HeldPeriod(h.rows(), null));
    return held;
  }

  /** Returns whether an unchanged response of the control may confirm what is held. */
  private boolean confirmable(Held held, Report report, Site site) {
    return mode instanceof Mode.Nightly
        && !mode.force()
        && !lookback.reports().contains(report.name())
        && !lookback.sites().contains(site.id())
        && current(held, report, site)
        && (report.dateGrouping() == DateGrouping.NONE
            || held.coversTo().equals(report.dateGrouping().periodEnd(held.period())));
  }

  private Holdings holdingsOf(Report report) {
    Holdings known = holdings.get(report.name());
    if (known == null) {
      throw new IllegalStateException("no holdings were given for report " + report.name());
    }
    return known;
  }

  /** Returns the last local day that is over. */
  private LocalDate lastFinishedDay(Site site) {
    return today(site).minusDays(1);
  }

  private LocalDate today(Site site) {
    return now.atZone(site.closingZone()).toLocalDate();
  }

  /**
   * Returns the first days of the periods to fetch, without those before the site can have data.
   */
  private Due due(Report report, Slice slice, Site site, LocalDate over) {
    NavigableSet<LocalDate> due = wanted(report, slice, site, over);
    if (report.dateGrouping() == DateGrouping.NONE) {
      // The range is one period: it is skipped only if it ends before the site can have data.
      return due.isEmpty() || !due.last().isBefore(site.firstDay())
          ? new Due(due, 0, 0)
          : new Due(new TreeSet<>(), 1, 0);
    }
    NavigableSet<LocalDate> old = due.headSet(firstKept(report), false);
    long outlived = old.size();
    old.clear();
    LocalDate first = report.dateGrouping().periodStart(site.firstDay());
    NavigableSet<LocalDate> before = due.headSet(first, false);
    long skipped = before.size();
    before.clear();
    return new Due(due, skipped, outlived);
  }

  private NavigableSet<LocalDate> wanted(Report report, Slice slice, Site site, LocalDate over) {
    NavigableSet<LocalDate> due = new TreeSet<>();
    if (mode instanceof Mode.Backfill backfill) {
      if (!backfill.days().first().isAfter(over)) {
        LocalDate to = earlier(backfill.days().last(), over);
        DayRange asked = new DayRange(backfill.days().first(), to);
        addDue(due, report, slice, site, asked, over, mode.force(), false);
      }
    } else if (mode instanceof Mode.Nightly nightly) {
      DayRange recent = new DayRange(over.minusDays(nightly.lookbackDays()), over);
      addDue(due, report, slice, site, recent, over, mode.force() || usual, true);
      if (!usual && report.dateGrouping() != DateGrouping.NONE) {
        due.addAll(gaps(report, slice, recent.first(), over));
      }
    }
    return due;
  }

  private void addDue(
      NavigableSet<LocalDate> due,
      Report report,
      Slice slice,
      Site site,
      DayRange asked,
      LocalDate over,
      boolean always,
      boolean daily) {
    DateGrouping grouping = report.dateGrouping();
    if (grouping == DateGrouping.NONE) {
      Held held = holdingsOf(report).of(slice, asked.first(), asked.last()).orElse(null);
      if (always
          || held == null
          || !current(held, report, site)
          || (daily && !fetchedToday(held, site))) {
        // Add both ends, since the range is derived from the set's first and last element.
        due.add(asked.first());
        due.add(asked.last());
      }
      return;
    }
    asked
        .periods(grouping)
        .forEach(
            period -> {
              LocalDate covers = earlier(grouping.periodEnd(period), over);
              Held held = holdingsOf(report).of(slice, period, covers).orElse(null);
              if (always
                  || held == null
                  || held.coversTo().isBefore(covers)
                  || !current(held, report, site)
                  || (daily && !fetchedToday(held, site))) {
                due.add(period);
              }
            });
  }

  /**
   * Returns whether a period is complete and matches the report's definition and the site's zone.
   */
  private static boolean current(Held held, Report report, Site site) {
    return held.complete() && !held.askAgain() && why(held, report, site).isEmpty();
  }

  private static String why(Held held, Report report, Site site) {
    if (!held.definition().equals(report.definition())) {
      return "the report's definition changed";
    }
    String zone = held.zone();
    if (zone != null && site.zone() != null && !zone.equals(site.zone().getId())) {
      return "the site's zone changed from " + zone + " to " + site.zone().getId();
    }
    return "";
  }

  private boolean fetchedToday(Held held, Site site) {
    return !held.knownAt().atZone(site.closingZone()).toLocalDate().isBefore(today(site));
  }

  /**
   * Returns missing periods before the look-back, after the earliest period that a sink has stored:
   * what a stopped scheduler left out. Includes periods that had no control for a reason that may
   * no longer apply. Goes back at most as far as the widest range of a request, so that a forgotten
   * backfill does not cause unexpected costs.
   */
  private NavigableSet<LocalDate> gaps(
      Report report, Slice slice, LocalDate lookback, LocalDate over) {
    NavigableSet<LocalDate> missing = new TreeSet<>();
    LocalDate earliest = holdingsOf(report).earliest(slice).orElse(lookback);
    LocalDate bound = reach(over);
    LocalDate from = earliest.isBefore(bound) ? bound : earliest;
    DateGrouping grouping = report.dateGrouping();
    for (LocalDate period = grouping.periodStart(from);
        period.isBefore(grouping.periodStart(lookback));
        period = grouping.periodEnd(period).plusDays(1)) {
      LocalDate covers = grouping.periodEnd(period);
      Held held = holdingsOf(report).of(slice, period, covers).orElse(null);
      if (held == null || held.askAgain() || held.coversTo().isBefore(covers)) {
        missing.add(period);
      }
    }
    return missing;
  }

  /** Returns the first day that a run fetches if it is missing. */
  private LocalDate reach(LocalDate over) {
    return over.minusDays(maxRangeDays - 1L);
  }

  /** Returns what is missing and out of reach of a run; null if there is nothing. */
  private @Nullable Missing missing(List<Subject> subjects) {
    if (!(mode instanceof Mode.Nightly nightly) || usual) {
      return null;
    }
    List<Missing.Hole> holes = new ArrayList<>();
    for (Subject subject : subjects) {
      Site site = subject.site();
      LocalDate over = lastFinishedDay(site);
      LocalDate lookback = over.minusDays(nightly.lookbackDays());
      for (Report report : reports) {
        DateGrouping grouping = report.dateGrouping();
        if (grouping == DateGrouping.NONE || !chosen.contains(report.name())) {
          continue;
        }
        LocalDate end = grouping.periodStart(earlier(reach(over), lookback)).minusDays(1);
        for (Slice slice : subject.slices(report)) {
          LocalDate start = holdingsOf(report).earliest(slice).orElse(over);
          LocalDate possible = grouping.periodStart(site.firstDay());
          LocalDate known = start.isBefore(possible) ? possible : start;
          LocalDate from = known.isBefore(firstKept(report)) ? firstKept(report) : known;
          if (from.isAfter(end)) {
            continue;
          }
          for (DayRange hole : holdingsOf(report).lacking(slice, new DayRange(from, end))) {
            holes.add(
                new Missing.Hole(
                    report.name(),
                    site.id(),
                    hole.first(),
                    hole.last(),
                    hole.periods(grouping).count()));
          }
        }
      }
    }
    return holes.isEmpty()
        ? null
        : new Missing(
            holes.stream().mapToLong(Missing.Hole::periods).sum(),
            holes.stream().map(Missing.Hole::first).min(Comparator.naturalOrder()).orElseThrow(),
            holes.stream().map(Missing.Hole::last).max(Comparator.naturalOrder()).orElseThrow(),
            holes);
  }

  /**
   * Returns the day from which on a sink has stored each report and site, with all events of which
   * anything is stored. It is known where the whole history was read. Reports without date grouping
   * are left out.
   */
  private List<Plan.Start> starts(List<Subject> subjects) {
    List<Plan.Start> starts = new ArrayList<>();
    for (Subject subject : subjects) {
      for (Report report : reports) {
        if (report.dateGrouping() != DateGrouping.NONE) {
          subject.slices(report).stream()
              .flatMap(slice -> holdingsOf(report).earliest(slice).stream())
              .max(Comparator.naturalOrder())
              .ifPresent(
                  first -> starts.add(new Plan.Start(report.name(), subject.site().id(), first)));
        }
      }
    }
    return starts;
  }

  /**
   * Returns the ranges of stale periods that the plan does not renew. A range contains no period
   * that was never stored, because a backfill of the range would fetch it, too.
   */
  private List<Plan.Stale> stale(
      Report report, Slice slice, Site site, NavigableSet<LocalDate> due) {
    List<Plan.Stale> ranges = new ArrayList<>();
    LocalDate next = null;
    boolean extend = false;
    for (Held held : holdingsOf(report).all(slice)) {
      extend &= held.period().equals(next);
      next =
          report.dateGrouping() == DateGrouping.NONE
              ? null
              : report.dateGrouping().periodEnd(held.period()).plusDays(1);
      String reason = why(held, report, site);
      // Periods before the site can have data cannot be renewed.
      if (!reason.isEmpty()
          && !held.period().isBefore(firstKept(report))
          && !due.contains(held.period())
          && !held.coversTo().isBefore(site.firstDay())) {
        extend = extend && ranges.get(ranges.size() - 1).why().equals(reason);
        Plan.Stale before = extend ? ranges.remove(ranges.size() - 1) : null;
        ranges.add(
            new Plan.Stale(
                report.name(),
                site.id(),
                before == null ? held.period() : before.first(),
                held.coversTo(),
                before == null ? 1 : before.periods() + 1,
                reason));
        extend = true;
      }
    }
    return ranges;
  }

  private int width(DateGrouping grouping) {
    return grouping == DateGrouping.HOUR ? HOUR_DAYS : maxRangeDays;
  }

  /** Cuts periods into ranges without gaps, each at most as wide as a window; oldest first. */
  private List<DayRange> ranges(
      DateGrouping grouping, NavigableSet<LocalDate> periods, LocalDate end) {
    List<DayRange> ranges = new ArrayList<>();
    if (periods.isEmpty()) {
      return ranges;
    }
    if (grouping == DateGrouping.NONE) {
      ranges.add(new DayRange(periods.first(), periods.last()));
      return ranges;
    }
    LocalDate first = null;
    LocalDate last = null;
    for (LocalDate period : periods) {
      LocalDate periodEnd = earlier(grouping.periodEnd(period), end);
      boolean fits =
          first != null
              && last != null
              && period.equals(last.plusDays(1))
              && new DayRange(first, periodEnd).days() <= width(grouping);
      if (!fits) {
        if (first != null && last != null) {
          ranges.add(new DayRange(first, last));
        }
        first = period;
      }
      last = periodEnd;
    }
    if (first != null && last != null) {
      ranges.add(new DayRange(first, last));
    }
    return ranges;
  }

  private static LocalDate earlier(LocalDate a, LocalDate b) {
    return a.isBefore(b) ? a : b;
  }
}
