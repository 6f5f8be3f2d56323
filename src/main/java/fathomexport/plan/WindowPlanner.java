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
import fathomexport.report.Slice;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Decides which windows are due. Deterministic: what is due depends on the ledger, the mode and the
 * instant alone, so a run that was killed goes on with the windows that it had planned.
 */
public final class WindowPlanner {
  /** The API refuses hour grouping over more days. */
  public static final int HOUR_DAYS = 7;

  private final List<Report> reports;
  private final Map<String, Holdings> holdings;
  private final Mode mode;
  private final Instant now;
  private final int maxRangeDays;

  /**
   * @param holdings what the sinks hold, by report name
   * @param now decides which days are over in each site's zone
   * @param maxRangeDays widest window in days, for groupings other than hour; a month or a year is
   *     never cut
   */
  public WindowPlanner(
      List<Report> reports,
      Map<String, Holdings> holdings,
      Mode mode,
      Instant now,
      int maxRangeDays) {
    this.reports = List.copyOf(reports);
    this.holdings = Map.copyOf(holdings);
    this.mode = mode;
    this.now = now;
    this.maxRangeDays = maxRangeDays;
  }

  /** What shares a control query: everything but the fields and the aggregates is the same. */
  private record Family(Slice slice, Entity entity, DateGrouping grouping, List<Filter> filters) {}

  public Plan plan(List<Subject> subjects) {
    List<FetchTask> tasks = new ArrayList<>();
    List<Plan.Stale> stale = new ArrayList<>();
    for (Subject subject : subjects) {
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
      families.forEach(
          (family, shapes) -> planFamily(subject.site(), family, shapes, tasks, stale));
    }
    // Stable: within a control's range, the tasks stay in the order in which they were planned.
    Comparator<FetchTask> byEnd = Comparator.comparing(t -> t.control().days().last());
    boolean newestFirst = !(mode instanceof Mode.Backfill b) || b.newestFirst();
    tasks.sort(newestFirst ? byEnd.reversed() : byEnd);
    return new Plan(tasks, stale);
  }

  private void planFamily(
      Site site,
      Family family,
      Map<List<Field>, List<Report>> shapes,
      List<FetchTask> tasks,
      List<Plan.Stale> stale) {
    LocalDate over = lastFinishedDay(site);
    Map<List<Field>, NavigableSet<LocalDate>> dueByShape = new HashMap<>();
    NavigableSet<LocalDate> dueByAny = new TreeSet<>();
    shapes.forEach(
        (fields, sharing) -> {
          NavigableSet<LocalDate> due = new TreeSet<>();
          for (Report report : sharing) {
            NavigableSet<LocalDate> own = due(report, family.slice(), site, over);
            due.addAll(own);
            stale(report, family.slice(), site, own).ifPresent(stale::add);
          }
          dueByShape.put(fields, due);
          dueByAny.addAll(due);
        });
    List<List<Field>> order = new ArrayList<>(shapes.keySet());
    // The ungrouped question first: its answer is the control of the others.
    order.sort(Comparator.comparing(fields -> !fields.isEmpty()));
    for (DayRange range : ranges(family.grouping(), dueByAny, over)) {
      for (List<Field> fields : order) {
        NavigableSet<LocalDate> due = dueByShape.getOrDefault(fields, new TreeSet<>());
        NavigableSet<LocalDate> inside = due.subSet(range.first(), true, range.last(), true);
        for (DayRange days : ranges(family.grouping(), inside, range.last())) {
          tasks.add(
              task(site, family, fields, shapes.getOrDefault(fields, List.of()), days, range));
        }
      }
    }
  }

  private FetchTask task(
      Site site,
      Family family,
      List<Field> fields,
      List<Report> sharing,
      DayRange days,
      DayRange controlDays) {
    Set<Aggregate> asked = EnumSet.copyOf(Aggregate.additiveOf(family.entity()));
    sharing.forEach(report -> asked.addAll(report.aggregates()));
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
        ControlQuery.of(sharing.get(0), family.slice(), controlDays),
        heldPeriods(sharing, family.slice(), days));
  }

  private Set<LocalDate> heldPeriods(List<Report> sharing, Slice slice, DayRange days) {
    Set<LocalDate> held = new TreeSet<>();
    for (Report report : sharing) {
      boolean byRange = report.dateGrouping() == DateGrouping.NONE;
      for (Held h : holdingsOf(report).all(slice)) {
        boolean replaced =
            byRange
                ? days.equals(new DayRange(h.period(), h.coversTo()))
                : days.contains(h.period());
        if (replaced && h.rows() > 0) {
          held.add(h.period());
        }
      }
    }
    return held;
  }

  private Holdings holdingsOf(Report report) {
    Holdings known = holdings.get(report.name());
    if (known == null) {
      throw new IllegalStateException("no holdings were given for report " + report.name());
    }
    return known;
  }

  /** The last local day that is over. */
  private LocalDate lastFinishedDay(Site site) {
    return today(site).minusDays(1);
  }

  private LocalDate today(Site site) {
    return now.atZone(site.closingZone()).toLocalDate();
  }

  /** First days of the periods to fetch. */
  private NavigableSet<LocalDate> due(Report report, Slice slice, Site site, LocalDate over) {
    NavigableSet<LocalDate> due = new TreeSet<>();
    if (mode instanceof Mode.Backfill backfill) {
      if (!backfill.days().first().isAfter(over)) {
        LocalDate to = earlier(backfill.days().last(), over);
        DayRange asked = new DayRange(backfill.days().first(), to);
        addDue(due, report, slice, site, asked, over, mode.force(), false);
      }
    } else if (mode instanceof Mode.Nightly nightly) {
      DayRange recent = new DayRange(over.minusDays(nightly.lookbackDays()), over);
      addDue(due, report, slice, site, recent, over, mode.force(), true);
      if (report.dateGrouping() != DateGrouping.NONE) {
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
        // The range is one period: its last day rides along, so that it is not taken for a single
        // day.
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

  /** Complete, and what the report asks today of the site as it is today. */
  private static boolean current(Held held, Report report, Site site) {
    return held.complete() && why(held, report, site).isEmpty();
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
    return !held.fetchedAt().atZone(site.closingZone()).toLocalDate().isBefore(today(site));
  }

  /**
   * Periods before the look-back that are missing, though older ones are held: what a stopped
   * scheduler left out. No further back than one window, so that a forgotten backfill does not
   * become a bill.
   */
  private NavigableSet<LocalDate> gaps(
      Report report, Slice slice, LocalDate lookback, LocalDate over) {
    NavigableSet<LocalDate> missing = new TreeSet<>();
    LocalDate earliest = holdingsOf(report).earliest(slice).orElse(lookback);
    LocalDate bound = over.minusDays(width(report.dateGrouping()) - 1L);
    LocalDate from = earliest.isBefore(bound) ? bound : earliest;
    DateGrouping grouping = report.dateGrouping();
    for (LocalDate period = grouping.periodStart(from);
        period.isBefore(grouping.periodStart(lookback));
        period = grouping.periodEnd(period).plusDays(1)) {
      LocalDate covers = grouping.periodEnd(period);
      Held held = holdingsOf(report).of(slice, period, covers).orElse(null);
      if (held == null || held.coversTo().isBefore(covers)) {
        missing.add(period);
      }
    }
    return missing;
  }

  private Optional<Plan.Stale> stale(
      Report report, Slice slice, Site site, NavigableSet<LocalDate> due) {
    LocalDate first = null;
    LocalDate last = null;
    long periods = 0;
    String why = "";
    for (Held held : holdingsOf(report).all(slice)) {
      String reason = why(held, report, site);
      if (!reason.isEmpty() && !due.contains(held.period())) {
        first = first == null ? held.period() : first;
        last = held.coversTo();
        periods++;
        why = reason;
      }
    }
    return first == null || last == null
        ? Optional.empty()
        : Optional.of(new Plan.Stale(report.name(), site.id(), first, last, periods, why));
  }

  private int width(DateGrouping grouping) {
    return grouping == DateGrouping.HOUR ? HOUR_DAYS : maxRangeDays;
  }

  /** Cuts periods into runs without a hole, none wider than a window may be; oldest first. */
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
