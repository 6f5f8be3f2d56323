package fathomexport.dashboard;

import fathomexport.report.Report;
import java.time.Instant;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What a page shows, as small tables: the same from PostgreSQL and from Parquet files. Texts are as
 * they are stored; the page makes them safe to show.
 */
final class Facts {
  /** Where a day ends last: the zone of a site whose zone is not known. */
  static final ZoneId LAST = ZoneOffset.ofHours(-12);

  /** Stands for all sites together; no site has this id. */
  static final String ALL_SITES = "";

  /** How many rows a list shows. */
  static final int TOP = 20;

  static final String OVER_DAYS = "over_days";
  static final String OVER_GROUPS = "over_groups";
  static final String VISITS = "visits";
  static final String UNIQUES = "uniques";

  private static final int MONTHS = 12;

  /** The lengths of the newest days that are summed: the longest that has one before it. */
  private static final List<Integer> RECENT_DAYS = List.of(28, 14, 7);

  /** States of a day, the best first. */
  private static final List<String> STATES =
      List.of("empty", "complete", "provisional", "stale", "incomplete", "missing");

  record Site(String id, @Nullable String name, @Nullable String zone) {}

  /**
   * A site's day. A measure is 0 where nothing was measured and null where it is not known.
   *
   * @param report the report that the numbers come from
   */
  record Day(
      String state,
      @Nullable Long visits,
      @Nullable Long uniques,
      @Nullable Long pageviews,
      @Nullable Long bounces,
      String report) {
    /** Returns whether anything of it is known. */
    boolean isMeasured() {
      return !(state.equals("missing") || state.equals("incomplete"))
          || visits != null
          || uniques != null
          || pageviews != null
          || bounces != null;
    }
  }

  /**
   * A report of a site, or of an event of it.
   *
   * @param event empty for pageviews
   */
  record Slice(String report, String site, String event) {
    Slice of(String otherReport) {
      return new Slice(otherReport, site, event);
    }
  }

  /** How far a report is stored of a site, or of one of its events. */
  record Fresh(
      String report,
      String site,
      @Nullable String event,
      LocalDate lastDay,
      LocalDate yesterday,
      String state) {}

  /** A question of whether a measure adds up. */
  record Sum(String report, String site, String measure, String direction) {}

  /**
   * The answer, measured.
   *
   * @param periods how many certified periods were compared
   * @param agreed in how many of them the sum was the whole's own number
   */
  record Agreement(long periods, long agreed) {}

  /**
   * Days that the page shows the sums of.
   *
   * @param before the place of the period that this one is compared with; -1 for none
   * @param hidden whether the period is there for comparison only
   */
  record Period(
      String key, String label, LocalDate first, LocalDate last, int before, boolean hidden) {
    boolean contains(LocalDate day) {
      return !day.isBefore(first) && !day.isAfter(last);
    }

    boolean isMonth() {
      return label.isEmpty() && !hidden;
    }
  }

  /** Which list: of what, in which period, of which site. */
  record ListKey(ListKind kind, int period, String site) {}

  /** A row of a list. */
  record Row(String main, String sub, long pageviews, @Nullable Long visits) {}

  /**
   * A list's first rows.
   *
   * @param pageviews the sum over all rows of the reports, also those that are not shown or not in
   *     the list, such as pageviews without a campaign
   */
  record Ranking(long pageviews, List<Row> rows) {
    Ranking {
      rows = List.copyOf(rows);
    }
  }

  /** The conversions of an event in a period. */
  record Goal(
      int period,
      String site,
      String event,
      @Nullable String currency,
      long conversions,
      @Nullable Long cents) {}

  final Instant at;
  final String source;
  final Map<String, Site> sites = new TreeMap<>();
  final List<Fresh> freshness = new ArrayList<>();
  final Map<String, NavigableMap<LocalDate, Day>> days = new TreeMap<>();

  /**
   * By site and first day of the month: the uniques of the month as a whole, where they are known
   * of the days that the page shows of it.
   */
  final Map<String, Map<LocalDate, Long>> monthUniques = new TreeMap<>();

  /**
   * Sites of which days of the last month are measured that the page does not show, since they are
   * not over at all sites: what is known of that month as a whole is of other days.
   */
  private final Set<String> pastEnd = new HashSet<>();

  /** By report and site: the worst state of each day over the report's events. */
  final Map<String, Map<String, NavigableMap<LocalDate, String>>> calendar = new TreeMap<>();

  final Map<Sum, Agreement> agreements = new HashMap<>();
  final Map<ListKind, String> listReports = new TreeMap<>();
  final Map<ListKey, Ranking> lists = new HashMap<>();

  /** By list and site: the report that fills it. */
  final Map<ListKind, Map<String, Set<String>>> listSources = new TreeMap<>();

  /** By site: the reports that its goals are from. */
  final Map<String, Set<String>> goalSources = new TreeMap<>();

  final List<Goal> goals = new ArrayList<>();

  /** The reports that the page may be made of. */
  final List<Report> reports;

  /** By slice: the days that are measured, of those that are read. */
  private final Map<Slice, NavigableSet<LocalDate>> measured = new HashMap<>();

  /** By site and event: the report that its goals are from. */
  private final Map<Slice, String> goalReports = new HashMap<>();

  private List<Period> periods = List.of();
  private LocalDate end = LocalDate.EPOCH;

  Facts(Instant at, String source, List<Report> reports) {
    this.reports = List.copyOf(reports);
    this.at = at;
    this.source = source;
  }

  /**
   * Sets the last day of the page: the last one that is over at all sites.
   *
   * @param yesterdays each site's yesterday
   */
  void endAt(Collection<LocalDate> yesterdays) {
    // A day that ended earlier than everywhere on Earth is the last one of what is retired.
    LocalDate over = LocalDate.ofInstant(at, LAST).minusDays(1);
    end =
        yesterdays.stream()
            .filter(day -> !day.isBefore(over))
            .min(LocalDate::compareTo)
            .or(() -> yesterdays.stream().max(LocalDate::compareTo))
            .orElse(LocalDate.EPOCH);
  }

  /**
   * Returns whether a site is retired: all that it has ends with a day that was over everywhere on
   * Earth before the last one was.
   */
  boolean hasEnded(String site) {
    LocalDate over = LocalDate.ofInstant(at, LAST).minusDays(1);
    List<Fresh> ofSite =
        freshness.stream().filter(f -> f.site().equals(site) && f.event() == null).toList();
    return !ofSite.isEmpty() && ofSite.stream().allMatch(f -> f.yesterday().isBefore(over));
  }

  /** Returns the last day that the page shows. */
  LocalDate end() {
    return end;
  }

  /** Returns the last day that the page shows of a period: its own, unless the page ends before. */
  LocalDate last(Period period) {
    return period.last().isAfter(end) ? end : period.last();
  }

  /** Returns whether a day counts in a period: what lies after the end of the page does not. */
  boolean shows(Period period, LocalDate day) {
    return period.contains(day) && !day.isAfter(end);
  }

  /** Returns the last day of the last month, of which the page may show a part only. */
  LocalDate endOfMonth() {
    return YearMonth.from(end).atEndOfMonth();
  }

  /** Takes the days after the end of the page out, once all days of its last month are there. */
  void cutAtEnd() {
    days.forEach(
        (site, own) -> {
          NavigableMap<LocalDate, Day> after = own.tailMap(end, false);
          if (after.values().stream().anyMatch(Day::isMeasured)) {
            pastEnd.add(site);
          }
          after.clear();
        });
    days.values().removeIf(NavigableMap::isEmpty);
  }

  /** Returns whether what is known of a site's month as a whole is of the days that are shown. */
  boolean showsWhole(String site, LocalDate month) {
    return !pastEnd.contains(site) || month.isBefore(end.withDayOfMonth(1));
  }

  /** Returns the first day that the page shows: the first of a month, at least a year before. */
  LocalDate from() {
    return end.withDayOfMonth(1).minusMonths(MONTHS);
  }

  /** Returns the first day that is read, so that the first week and month have one before them. */
  LocalDate readFrom() {
    return from().minusMonths(1);
  }

  /** Lays out the periods, once the days are known. */
  List<Period> layPeriods() {
    LocalDate first =
        days.values().stream()
            .filter(d -> !d.isEmpty())
            .map(NavigableMap::firstKey)
            .min(LocalDate::compareTo)
            .orElse(end);
    YearMonth oldest = YearMonth.from(first.isBefore(from()) ? from() : first);
    long known = end.toEpochDay() - first.toEpochDay() + 1;
    int recent = RECENT_DAYS.stream().filter(n -> 2L * n <= known).findFirst().orElse(28);
    LocalDate since = end.minusDays(recent - 1L);
    List<Period> laid = new ArrayList<>();
    laid.add(new Period("recent", "Last " + recent + " days", since, end, 1, false));
    laid.add(new Period("before", "", since.minusDays(recent), since.minusDays(1), -1, true));
    for (YearMonth m = YearMonth.from(end); !m.isBefore(oldest); m = m.minusMonths(1)) {
      int before = m.equals(oldest) ? -1 : laid.size() + 1;
      laid.add(new Period(m.toString(), "", m.atDay(1), m.atEndOfMonth(), before, false));
    }
    periods = List.copyOf(laid);
    return periods;
  }

  List<Period> periods() {
    return periods;
  }

  /** Returns whether a measure of these days adds up, whichever reports they are from. */
  boolean addsUp(NavigableMap<LocalDate, Day> some, String site, String measure) {
    return some.values().stream()
        .map(Day::report)
        .distinct()
        .allMatch(report -> addsUp(report, site, measure, OVER_DAYS));
  }

  /** Returns whether a sum is the whole's own number: visits unless measured otherwise. */
  boolean addsUp(String report, String site, String measure, String direction) {
    Agreement measured = agreements.get(new Sum(report, site, measure, direction));
    if (measured == null || measured.periods() == 0) {
      return measure.equals(VISITS);
    }
    return measured.agreed() == measured.periods();
  }

  /** Remembers which report fills a list of these sites. */
  void fills(ListKind kind, String report, Collection<String> of) {
    Map<String, Set<String>> sources = listSources.computeIfAbsent(kind, k -> new TreeMap<>());
    of.forEach(site -> sources.put(site, Set.of(report)));
  }

  /**
   * Returns what a list cannot tell, since its reports lack fields, in sentences for people; empty
   * if it can tell everything.
   */
  String limits(ListKind kind) {
    List<Report> filling =
        reports.stream()
            .filter(
                r ->
                    listSources.getOrDefault(kind, Map.of()).values().stream()
                        .anyMatch(names -> names.contains(r.name())))
            .toList();
    return kind.limits(filling);
  }

  /**
   * Returns whether the uniques of a site's days add up in each report that the days are from; null
   * if that was not measured of one.
   */
  @Nullable Boolean daysAddUp(NavigableMap<LocalDate, Day> days, String site) {
    boolean all = true;
    for (String report : days.values().stream().map(Day::report).distinct().toList()) {
      Agreement measured = agreements.get(new Sum(report, site, UNIQUES, OVER_DAYS));
      if (measured == null || measured.periods() == 0) {
        return null;
      }
      all &= measured.agreed() == measured.periods();
    }
    return all;
  }

  /** Remembers the state of a day of a report. */
  void state(Slice slice, LocalDate day, String state) {
    calendar
        .computeIfAbsent(slice.report(), r -> new TreeMap<>())
        .computeIfAbsent(slice.site(), s -> new TreeMap<>())
        .merge(day, state, Facts::worse);
    if (!state.equals("missing") && !state.equals("incomplete")) {
      measured.computeIfAbsent(slice, s -> new TreeSet<>()).add(day);
    }
  }

  /** Returns the measured days of a slice, as far as they are read. */
  private NavigableSet<LocalDate> measured(Slice slice) {
    return measured.getOrDefault(slice, new TreeSet<>());
  }

  /**
   * Returns for each site and event of these slices the report that a list takes it from: the one
   * that has most days of the page, the first where several have as many.
   *
   * @param candidates the reports that can fill the list, the best first
   * @param slices what is stored, of whatever reports
   * @return by a slice of each candidate without its report's name
   */
  Map<Slice, Report> chosen(List<Report> candidates, Collection<Slice> slices) {
    Map<Slice, Report> chosen = new HashMap<>();
    for (Report report : candidates) {
      for (Slice slice : slices) {
        if (slice.report().equals(report.name())) {
          chosen.merge(
              slice.of(""),
              report,
              (a, b) -> measured(slice).size() > measured(slice.of(a.name())).size() ? b : a);
        }
      }
    }
    return chosen;
  }

  /** Returns by report, the best first, the sites that a list takes from it. */
  Map<Report, Set<String>> sitesOf(List<Report> candidates, Collection<Slice> slices) {
    Map<Slice, Report> chosen = chosen(candidates, slices);
    Map<Report, Set<String>> sites = new LinkedHashMap<>();
    for (Report report : candidates) {
      Set<String> own = new TreeSet<>();
      chosen.forEach(
          (slice, of) -> {
            if (of.equals(report)) {
              own.add(slice.site());
            }
          });
      if (!own.isEmpty()) {
        sites.put(report, own);
      }
    }
    return sites;
  }

  /** Remembers which report the goals of each site and event are from. */
  void goalsFrom(Map<Slice, Report> chosen) {
    chosen.forEach(
        (slice, report) -> {
          goalSources.computeIfAbsent(slice.site(), s -> new TreeSet<>()).add(report.name());
          goalReports.put(slice, report.name());
        });
  }

  /** Returns whether any day of an event is measured in a period. */
  boolean knowsGoal(String site, String event, Period period) {
    Slice slice = new Slice("", site, event);
    String report = goalReports.get(slice);
    return report != null
        && !measured(slice.of(report)).subSet(period.first(), true, period.last(), true).isEmpty();
  }

  /** Returns the worse of two states. */
  static String worse(String a, String b) {
    return STATES.indexOf(a) >= STATES.indexOf(b) ? a : b;
  }

  /**
   * Returns the days of all sites together. A day is known if it is known of each site that had
   * begun by then.
   */
  NavigableMap<LocalDate, Day> allSites() {
    NavigableMap<LocalDate, Day> all = new TreeMap<>();
    days.forEach((site, own) -> own.forEach((date, day) -> all.merge(date, day, Facts::plus)));
    return all;
  }

  private static Day plus(Day a, Day b) {
    return new Day(
        worse(a.state(), b.state()),
        plus(a.visits(), b.visits()),
        // A visitor of two sites would count twice.
        null,
        plus(a.pageviews(), b.pageviews()),
        plus(a.bounces(), b.bounces()),
        a.report());
  }

  private static @Nullable Long plus(@Nullable Long a, @Nullable Long b) {
    return a == null || b == null ? null : Long.valueOf(a + b);
  }

  /** Returns the first rows of a list, in its order. */
  static List<Row> top(Collection<Row> rows) {
    return rows.stream()
        .sorted(
            (a, b) -> {
              int byViews = Long.compare(b.pageviews(), a.pageviews());
              int byMain = a.main().compareTo(b.main());
              return byViews != 0 ? byViews : byMain != 0 ? byMain : a.sub().compareTo(b.sub());
            })
        .limit(TOP)
        .toList();
  }

  /** Adds a list of one report's rows. */
  void addList(ListKey key, Ranking ranking) {
    lists.merge(
        key,
        ranking,
        (a, b) -> {
          Map<List<String>, Row> merged = new HashMap<>();
          for (Ranking part : List.of(a, b)) {
            part.rows()
                .forEach(
                    r ->
                        merged.merge(
                            List.of(r.main(), r.sub()),
                            r,
                            (x, y) ->
                                new Row(
                                    x.main(),
                                    x.sub(),
                                    x.pageviews() + y.pageviews(),
                                    plus(x.visits(), y.visits()))));
          }
          return new Ranking(a.pageviews() + b.pageviews(), List.copyOf(merged.values()));
        });
  }

  /** Returns the name of a site, or its id. Sites of one name are distinguished by their ids. */
  String title(String id) {
    Site site = sites.get(id);
    String name = site == null ? null : site.name();
    if (name == null || name.isBlank()) {
      return id;
    }
    boolean twice = sites.values().stream().filter(s -> Objects.equals(s.name(), name)).count() > 1;
    return twice ? name + " (" + id + ")" : name;
  }
}
