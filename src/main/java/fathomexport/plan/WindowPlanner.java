package fathomexport.plan;

import fathomexport.report.Aggregate;
import fathomexport.report.DayRange;
import fathomexport.report.Field;
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
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Decides which windows are due. Deterministic: the result depends only on the ledger, the mode and
 * the instant, so that a rerun after a killed run plans the windows that are left.
 */
public final class WindowPlanner {
  /** Widest range in days that the API allows for hour grouping. */
  public static final int HOUR_DAYS = 7;

  private final PlanInputs inputs;
  private final DuePeriods duePeriods;
  private final HeldPeriods stored;
  private final MissingPeriods missing;
  private final WindowRanges ranges;

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
        new PlanInputs(
            reports,
            holdings,
            mode,
            now,
            maxRangeDays,
            lookback,
            false,
            reports.stream().map(Report::name).collect(Collectors.toSet()),
            Map.of()));
  }

  private WindowPlanner(PlanInputs inputs) {
    this.inputs = inputs;
    this.duePeriods = new DuePeriods(inputs);
    this.stored = new HeldPeriods(inputs);
    this.missing = new MissingPeriods(inputs);
    this.ranges = new WindowRanges(inputs.maxRangeDays());
  }

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
    return new WindowPlanner(inputs.ofUsualNight());
  }

  /**
   * Returns a planner that exports only some of the reports. Control queries stay those of all
   * reports: with fewer aggregates their totals could not confirm what is stored, neither now nor
   * in the next run.
   */
  public WindowPlanner only(Collection<Report> exported) {
    return new WindowPlanner(
        inputs.only(exported.stream().map(Report::name).collect(Collectors.toSet())));
  }

  /**
   * Returns a planner that leaves out the periods that are older than they are kept.
   *
   * @param firstDays the first day that is kept, by the report's name, at the start of a period
   */
  public WindowPlanner keeping(Map<String, LocalDate> firstDays) {
    return new WindowPlanner(inputs.keeping(firstDays));
  }

  public Plan plan(List<Subject> subjects) {
    List<FetchTask> tasks = new ArrayList<>();
    List<Plan.Stale> stale = new ArrayList<>();
    long skipped = 0;
    long outlived = 0;
    Set<SiteId> fetched = new HashSet<>();
    AuditChoice audits = new AuditChoice(inputs);
    for (Subject subject : subjects) {
      List<FetchTask> ofSite = new ArrayList<>();
      Map<ControlFamily, Map<List<Field>, List<Report>>> families = new LinkedHashMap<>();
      for (Report report : inputs.reports()) {
        for (Slice slice : subject.slices(report)) {
          families
              .computeIfAbsent(ControlFamily.of(report, slice), f -> new LinkedHashMap<>())
              .computeIfAbsent(report.fields(), f -> new ArrayList<>())
              .add(report);
        }
      }
      for (Map.Entry<ControlFamily, Map<List<Field>, List<Report>>> e : families.entrySet()) {
        Left left = planFamily(subject.site(), e.getKey(), e.getValue(), ofSite, stale);
        skipped += left.skipped();
        outlived += left.outlived();
      }
      audits.audit(subject.site(), ofSite);
      tasks.addAll(ofSite);
      if (inputs.lookback().sites().contains(subject.site().id())) {
        fetched.add(subject.site().id());
      }
    }
    // The sort is stable: tasks of the same control range stay in the order of planning.
    Comparator<FetchTask> byEnd = Comparator.comparing(t -> t.control().days().last());
    boolean newestFirst = !(inputs.mode() instanceof Mode.Backfill b) || b.newestFirst();
    tasks.sort(newestFirst ? byEnd.reversed() : byEnd);
    return new Plan(
        tasks,
        stale,
        skipped,
        outlived,
        fetched,
        missing.of(subjects),
        inputs.mode() instanceof Mode.Nightly ? missing.starts(subjects) : List.of());
  }

  /** The numbers of periods that are left out. */
  private record Left(long skipped, long outlived) {}

  private Left planFamily(
      Site site,
      ControlFamily family,
      Map<List<Field>, List<Report>> shapes,
      List<FetchTask> tasks,
      List<Plan.Stale> stale) {
    LocalDate over = inputs.lastFinishedDay(site);
    Map<List<Field>, NavigableSet<LocalDate>> dueByShape = new HashMap<>();
    NavigableSet<LocalDate> dueByAny = new TreeSet<>();
    long skipped = 0;
    long outlived = 0;
    Set<Aggregate> asked = EnumSet.copyOf(Aggregate.additiveOf(family.entity()));
    for (Map.Entry<List<Field>, List<Report>> e : shapes.entrySet()) {
      NavigableSet<LocalDate> due = new TreeSet<>();
      for (Report report : e.getValue()) {
        asked.addAll(report.aggregates());
        if (!inputs.chosen().contains(report.name())) {
          continue;
        }
        DuePeriods.Due own = duePeriods.due(report, family.slice(), site, over);
        skipped += own.skipped();
        outlived += own.outlived();
        due.addAll(own.periods());
        stale.addAll(Staleness.ranges(inputs, report, family.slice(), site, own.periods()));
      }
      dueByShape.put(e.getKey(), due);
      dueByAny.addAll(due);
    }
    List<List<Field>> order = new ArrayList<>(shapes.keySet());
    // The ungrouped query first: its response is the control of the others.
    order.sort(Comparator.comparing(fields -> !fields.isEmpty()));
    for (DayRange range : ranges.ranges(family.grouping(), dueByAny, over)) {
      History history = stored.history(family.slice(), family.grouping(), shapes.values(), range);
      for (List<Field> fields : order) {
        NavigableSet<LocalDate> due = dueByShape.getOrDefault(fields, new TreeSet<>());
        NavigableSet<LocalDate> inside = due.subSet(range.first(), true, range.last(), true);
        for (DayRange days : ranges.ranges(family.grouping(), inside, range.last())) {
          tasks.add(
              task(
                  site,
                  family,
                  fields,
                  shapes.getOrDefault(fields, List.of()).stream()
                      .filter(report -> inputs.chosen().contains(report.name()))
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

  private FetchTask task(
      Site site,
      ControlFamily family,
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
        stored.replaced(site, sharing, family.slice(), days),
        history,
        null,
        days.first());
  }
}
