package fathomexport.dashboard;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.dashboard.Facts.Day;
import fathomexport.dashboard.Facts.ListKey;
import fathomexport.dashboard.Facts.Period;
import fathomexport.report.ShownText;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.DayOfWeek;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.temporal.TemporalAdjusters;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Properties;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Writes the facts into one HTML file: the numbers as JSON, the script that draws them, the
 * charting library and the styles. The page asks nothing of the network, which its own policy
 * forbids, and runs only the scripts whose digests it names: text from outside is data, never
 * markup or script.
 */
final class DashboardPage {
  private static final String LIBRARY = "/META-INF/maven/org.webjars.npm/uplot/pom.properties";
  private static final Map<String, String> LETTERS =
      Map.of(
          "complete",
          "c",
          "empty",
          "e",
          "provisional",
          "p",
          "stale",
          "s",
          "incomplete",
          "i",
          "missing",
          "m");
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Facts facts;

  private DashboardPage(Facts facts) {
    this.facts = facts;
  }

  /** Returns the page. */
  static String of(Facts facts) {
    String library = library("dist/uPlot.iife.min.js");
    String script = resource("dashboard.js");
    return resource("dashboard.html")
        .replace("{{scripts}}", "'" + digest(library) + "' '" + digest(script) + "'")
        .replace("{{licence}}", library("LICENSE").strip())
        .replace("{{library.css}}", library("dist/uPlot.min.css"))
        .replace("{{style}}", resource("dashboard.css"))
        .replace("{{library}}", library)
        .replace("{{script}}", script)
        // The last, since this text comes from outside.
        .replace("{{data}}", new DashboardPage(facts).json());
  }

  // --- Files

  private static String library(String file) {
    Properties properties = new Properties();
    try (InputStream in = open(LIBRARY)) {
      properties.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + LIBRARY, e);
    }
    return resource(
        "/META-INF/resources/webjars/uplot/" + properties.getProperty("version") + "/" + file);
  }

  private static String resource(String name) {
    try (InputStream in = open(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + name, e);
    }
  }

  private static InputStream open(String name) {
    InputStream in = DashboardPage.class.getResourceAsStream(name);
    if (in == null) {
      throw new IllegalStateException("the program has lost its file " + name);
    }
    return in;
  }

  /** Returns the digest by which the page's policy allows a script. */
  private static String digest(String script) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(script.getBytes(StandardCharsets.UTF_8));
      return "sha256-" + Base64.getEncoder().encodeToString(hash);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  // --- Data

  /** Returns the data as JSON that cannot end the element that it stands in. */
  private String json() {
    try {
      return JSON.writeValueAsString(data())
          .replace("&", "\\u0026")
          .replace("<", "\\u003c")
          .replace(">", "\\u003e");
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a page's data cannot be written as JSON", e);
    }
  }

  private Map<String, @Nullable Object> data() {
    Map<String, NavigableMap<LocalDate, Day>> days = new LinkedHashMap<>();
    if (facts.days.size() > 1) {
      days.put(Facts.ALL_SITES, facts.allSites());
    }
    facts.days.entrySet().stream()
        .sorted(Comparator.comparing(e -> facts.title(e.getKey())))
        .forEach(e -> days.put(e.getKey(), e.getValue()));
    Map<String, @Nullable Object> data = new LinkedHashMap<>();
    data.put("at", facts.at.toString());
    data.put("source", facts.source);
    data.put("from", facts.from().toString());
    data.put("end", facts.end().toString());
    List<Object> periods = new ArrayList<>();
    for (Period p : facts.periods()) {
      Map<String, @Nullable Object> period = new LinkedHashMap<>();
      period.put("key", p.key());
      period.put("label", p.label());
      period.put("first", p.first().toString());
      period.put("last", p.last().toString());
      period.put("before", p.before());
      period.put("hidden", p.hidden());
      periods.add(period);
    }
    data.put("periods", periods);
    Map<String, Object> lists = new LinkedHashMap<>();
    facts.listReports.forEach(
        (kind, report) ->
            lists.put(
                kind.name().toLowerCase(Locale.ROOT),
                Map.of(
                    "title",
                    kind.title(),
                    "column",
                    kind.column(),
                    "visits",
                    kind.visits(),
                    "note",
                    facts.limits(kind),
                    "report",
                    report)));
    data.put("lists", lists);
    List<Object> sites = new ArrayList<>();
    days.forEach((site, own) -> sites.add(site(site, own)));
    data.put("sites", sites);
    return data;
  }

  private Map<String, @Nullable Object> site(String id, NavigableMap<LocalDate, Day> days) {
    boolean all = id.equals(Facts.ALL_SITES);
    Facts.Site known = facts.sites.get(id);
    Map<String, @Nullable Object> site = new LinkedHashMap<>();
    site.put("id", id);
    site.put("name", all ? "All sites" : text(facts.title(id)));
    site.put("zone", known == null || known.zone() == null ? "" : text(known.zone()));
    NavigableMap<LocalDate, Day> shown = days.tailMap(facts.from(), true);
    site.put("first", shown.isEmpty() ? null : shown.firstKey().toString());
    site.put("states", letters(shown, Day::state));
    site.put("visits", values(shown, Day::visits));
    site.put("uniques", values(shown, Day::uniques));
    site.put("pageviews", values(shown, Day::pageviews));
    site.put("weeks", weeks(id, days));
    site.put("months", months(id, days));
    site.put(
        "periods",
        facts.periods().stream()
            .map(p -> cells(total(id, days, p.first(), p.last(), p.isMonth())))
            .toList());
    KnownDays knownDays = new KnownDays(facts);
    if (all) {
      site.put("joined", joined(days));
      site.put("partial", knownDays.partialSites());
      site.put("lacking", knownDays.lackingSites());
    } else {
      site.put("adds", days.isEmpty() ? null : facts.daysAddUp(days, id));
    }
    Map<String, Object> lists = new LinkedHashMap<>();
    for (ListKind kind : facts.listReports.keySet()) {
      lists.put(kind.name().toLowerCase(Locale.ROOT), rankings(kind, id));
    }
    site.put("lists", lists);
    site.put("goals", goals(id));
    site.put("known", knownDays.of(id));
    if (all) {
      site.put("without", knownDays.sitesWithout());
    }
    site.put("calendars", calendars(id));
    site.put("freshness", freshness(id));
    return site;
  }

  private static String text(String stored) {
    return ShownText.cell(stored);
  }

  /** Returns one letter per day without gaps; a blank for a day that has none. */
  private static <T> String letters(NavigableMap<LocalDate, T> days, Function<T, String> state) {
    StringBuilder letters = new StringBuilder();
    if (!days.isEmpty()) {
      for (LocalDate d = days.firstKey(); !d.isAfter(days.lastKey()); d = d.plusDays(1)) {
        T day = days.get(d);
        letters.append(day == null ? " " : LETTERS.getOrDefault(state.apply(day), "m"));
      }
    }
    return letters.toString();
  }

  private static List<@Nullable Long> values(
      NavigableMap<LocalDate, Day> days, Function<Day, @Nullable Long> measure) {
    List<@Nullable Long> values = new ArrayList<>();
    if (!days.isEmpty()) {
      for (LocalDate d = days.firstKey(); !d.isAfter(days.lastKey()); d = d.plusDays(1)) {
        Day day = days.get(d);
        values.add(day == null ? null : measure.apply(day));
      }
    }
    return values;
  }

  // --- Sums

  /** Returns the sums of a run of days, with the uniques that are known of it; null for none. */
  @Nullable Totals total(
      String id,
      NavigableMap<LocalDate, Day> days,
      LocalDate first,
      LocalDate last,
      boolean isMonth) {
    boolean all = id.equals(Facts.ALL_SITES);
    NavigableMap<LocalDate, Day> some = days.subMap(first, true, last, true);
    if (some.isEmpty()) {
      return null;
    }
    boolean visits =
        all
            ? facts.days.entrySet().stream()
                .allMatch(e -> facts.addsUp(e.getValue(), e.getKey(), Facts.VISITS))
            : facts.addsUp(some, id, Facts.VISITS);
    boolean uniques = !all && facts.addsUp(some, id, Facts.UNIQUES);
    Totals totals =
        Totals.of(days, first, last, new Totals.Adds(visits, uniques), !all && facts.hasEnded(id))
            .orElseThrow();
    Long own = isMonth ? facts.monthUniques.getOrDefault(id, Map.of()).get(first) : null;
    return own == null ? totals : totals.withUniques(own);
  }

  private List<Object> weeks(String id, NavigableMap<LocalDate, Day> days) {
    List<Object> weeks = new ArrayList<>();
    if (days.isEmpty()) {
      return weeks;
    }
    LocalDate read = facts.readFrom();
    for (LocalDate monday = days.lastKey().with(TemporalAdjusters.previousOrSame(DayOfWeek.MONDAY));
        !monday.isBefore(read) && !monday.plusDays(6).isBefore(days.firstKey());
        monday = monday.minusWeeks(1)) {
      List<@Nullable Object> week = cells(total(id, days, monday, monday.plusDays(6), false));
      if (week != null) {
        weeks.add(week);
      }
    }
    return weeks;
  }

  private List<Object> months(String id, NavigableMap<LocalDate, Day> days) {
    List<Object> months = new ArrayList<>();
    if (days.isEmpty()) {
      return months;
    }
    YearMonth read = YearMonth.from(facts.readFrom());
    for (YearMonth m = YearMonth.from(days.lastKey());
        !m.isBefore(read) && !m.isBefore(YearMonth.from(days.firstKey()));
        m = m.minusMonths(1)) {
      List<@Nullable Object> month = cells(total(id, days, m.atDay(1), m.atEndOfMonth(), true));
      if (month != null) {
        months.add(month);
      }
    }
    return months;
  }

  private static @Nullable List<@Nullable Object> cells(@Nullable Totals t) {
    if (t == null) {
      return null;
    }
    List<@Nullable Object> cells = new ArrayList<>();
    cells.add(t.first().toString());
    cells.add(t.state());
    cells.add(t.completeDays());
    cells.add(t.days());
    cells.add(t.visits());
    cells.add(t.uniques());
    cells.add(t.pageviews());
    cells.add(t.bounceRate());
    return cells;
  }

  /**
   * Returns for each period, week and month of all sites how many sites it has that the one before
   * it lacks, at least in part: to that extent, the change from one to the other is theirs.
   */
  private Map<String, List<Long>> joined(NavigableMap<LocalDate, Day> days) {
    List<Period> periods = facts.periods();
    return Map.of(
        "periods",
        periods.stream()
            .map(p -> p.before() < 0 ? 0L : joined(periods.get(p.before()).first(), p.last()))
            .toList(),
        "weeks",
        firstDays(weeks(Facts.ALL_SITES, days))
            .map(monday -> joined(monday.minusWeeks(1), monday.plusDays(6)))
            .toList(),
        "months",
        firstDays(months(Facts.ALL_SITES, days))
            .map(first -> joined(first.minusMonths(1), first.plusMonths(1).minusDays(1)))
            .toList());
  }

  private static Stream<LocalDate> firstDays(List<Object> rows) {
    return rows.stream().map(row -> LocalDate.parse((String) ((List<?>) row).get(0)));
  }

  /** Returns how many sites began after the first of these days, and not after the last. */
  private long joined(LocalDate first, LocalDate last) {
    return facts.days.values().stream()
        .filter(own -> !own.isEmpty())
        .map(NavigableMap::firstKey)
        .filter(began -> began.isAfter(first) && !began.isAfter(last))
        .count();
  }

  // --- Lists

  private List<@Nullable Object> rankings(ListKind kind, String site) {
    List<@Nullable Object> rankings = new ArrayList<>();
    for (int n = 0; n < facts.periods().size(); n++) {
      Facts.Ranking ranking = facts.lists.get(new ListKey(kind, n, site));
      if (ranking == null || facts.periods().get(n).hidden()) {
        rankings.add(null);
        continue;
      }
      List<Object> rows = new ArrayList<>();
      for (Facts.Row row : Facts.top(ranking.rows())) {
        List<@Nullable Object> cells = new ArrayList<>();
        cells.add(text(row.main()));
        cells.add(text(kind == ListKind.PAGES ? facts.title(row.sub()) : row.sub()));
        cells.add(row.pageviews());
        cells.add(row.visits());
        rows.add(cells);
      }
      rankings.add(Map.of("pageviews", ranking.pageviews(), "rows", rows));
    }
    return rankings;
  }

  private record GoalKey(String site, String event, String currency) {}

  /** Returns the goals of a site, each with its numbers by period. */
  private List<Object> goals(String site) {
    Map<GoalKey, Facts.Goal[]> byGoal = new LinkedHashMap<>();
    int periods = facts.periods().size();
    for (Facts.Goal goal : facts.goals) {
      if (site.equals(Facts.ALL_SITES) || site.equals(goal.site())) {
        byGoal
                .computeIfAbsent(
                    new GoalKey(
                        goal.site(), goal.event(), Objects.requireNonNullElse(goal.currency(), "")),
                    k -> new Facts.Goal[periods])[goal.period()] =
            goal;
      }
    }
    List<Object> goals = new ArrayList<>();
    byGoal.entrySet().stream()
        .sorted(
            Comparator.comparing(
                    (Map.Entry<GoalKey, Facts.Goal[]> e) -> facts.title(e.getKey().site()))
                .thenComparing(e -> e.getKey().event())
                .thenComparing(e -> e.getKey().currency()))
        .forEach(
            e -> {
              List<@Nullable Object> conversions = new ArrayList<>();
              List<@Nullable Object> cents = new ArrayList<>();
              for (int n = 0; n < periods; n++) {
                Facts.Goal goal = e.getValue()[n];
                // Where no day of the period is measured, none is not known.
                conversions.add(
                    goal != null
                        ? Long.valueOf(goal.conversions())
                        : facts.knowsGoal(
                                e.getKey().site(), e.getKey().event(), facts.periods().get(n))
                            ? Long.valueOf(0)
                            : null);
                cents.add(goal == null ? null : goal.cents());
              }
              Map<String, @Nullable Object> one = new LinkedHashMap<>();
              one.put("event", text(e.getKey().event()));
              one.put("site", text(facts.title(e.getKey().site())));
              one.put("currency", text(e.getKey().currency()));
              one.put("conversions", conversions);
              one.put("cents", cents);
              goals.add(one);
            });
    return goals;
  }

  // --- States

  private List<Object> calendars(String id) {
    List<Object> calendars = new ArrayList<>();
    facts.calendar.forEach(
        (report, sites) -> {
          NavigableMap<LocalDate, String> states = new TreeMap<>();
          if (id.equals(Facts.ALL_SITES)) {
            sites.values().forEach(own -> own.forEach((d, s) -> states.merge(d, s, Facts::worse)));
          } else {
            states.putAll(sites.getOrDefault(id, new TreeMap<>()));
          }
          NavigableMap<LocalDate, String> shown = states.tailMap(facts.from(), true);
          if (!shown.isEmpty()) {
            Map<String, @Nullable Object> one = new LinkedHashMap<>();
            one.put("report", report);
            one.put("first", shown.firstKey().toString());
            one.put("states", letters(shown, s -> s));
            calendars.add(one);
          }
        });
    return calendars;
  }

  /** Returns how far each report is: of all its sites and events, the one that is behind most. */
  private List<Object> freshness(String id) {
    Map<String, List<Facts.Fresh>> byReport = new TreeMap<>();
    for (Facts.Fresh fresh : facts.freshness) {
      if (id.equals(Facts.ALL_SITES) || id.equals(fresh.site())) {
        byReport.computeIfAbsent(fresh.report(), r -> new ArrayList<>()).add(fresh);
      }
    }
    List<Object> all = new ArrayList<>();
    byReport.forEach(
        (report, some) -> {
          Facts.Fresh behind =
              some.stream()
                  .max(
                      Comparator.comparing(
                          f -> f.yesterday().toEpochDay() - f.lastDay().toEpochDay()))
                  .orElseThrow();
          Map<String, @Nullable Object> one = new LinkedHashMap<>();
          one.put("report", report);
          one.put("last", behind.lastDay().toString());
          one.put(
              "behind",
              Math.max(0, behind.yesterday().toEpochDay() - behind.lastDay().toEpochDay()));
          one.put(
              "state",
              some.stream().map(Facts.Fresh::state).reduce(Facts::worse).orElse("missing"));
          all.add(one);
        });
    return all;
  }
}
