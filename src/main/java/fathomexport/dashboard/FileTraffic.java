package fathomexport.dashboard;

import fathomexport.dashboard.Facts.Day;
import fathomexport.report.DateGrouping;
import fathomexport.report.Report;
import fathomexport.report.TableSchema;
import java.io.IOException;
import java.time.LocalDate;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The traffic of whole sites: by day, and the visitors of each month. */
final class FileTraffic {
  private static final Set<String> MEASURED = Set.of("complete", "empty", "provisional", "stale");

  private final FileTables tables;
  private final FileCoverage coverage;
  private final List<Report> reports;
  private final Facts facts;

  FileTraffic(FileTables tables, FileCoverage coverage, List<Report> reports, Facts facts) {
    this.tables = tables;
    this.coverage = coverage;
    this.reports = reports;
    this.facts = facts;
  }

  /** Returns the reports on whole sites, the best first. */
  private List<Report> wholeSites(DateGrouping grouping) {
    return reports.stream()
        .filter(r -> r.ofWholeSites() && r.dateGrouping() == grouping)
        .sorted(
            Comparator.comparing((Report r) -> -r.aggregates().size()).thenComparing(Report::name))
        .toList();
  }

  /** Adds the days of each site. */
  void addDays() throws IOException {
    List<Report> candidates = wholeSites(DateGrouping.DAY);
    FileSources sources = new FileSources(coverage, candidates);
    for (Report report : candidates) {
      Set<String> sites = coverage.sites(report);
      TableSchema schema = report.schema();
      int visits = schema.indexOf("visits");
      int uniques = schema.indexOf("uniques");
      int pageviews = schema.indexOf("pageviews");
      int rate = schema.indexOf("bounce_rate");
      for (String site : sites) {
        NavigableMap<LocalDate, Day> days = new TreeMap<>();
        coverage
            .states(report, site)
            .forEach(
                (day, state) -> {
                  if (!report.equals(sources.of(site, day))) {
                    return;
                  }
                  Long nothing = MEASURED.contains(state) ? Long.valueOf(0) : null;
                  days.put(
                      day,
                      new Day(
                          state,
                          visits < 0 ? null : nothing,
                          uniques < 0 ? null : nothing,
                          pageviews < 0 ? null : nothing,
                          visits < 0 || rate < 0 ? null : nothing,
                          report.name()));
                });
        // What was retired before the page begins has no days on it.
        if (!days.isEmpty()) {
          facts.days.computeIfAbsent(site, s -> new TreeMap<>()).putAll(days);
        }
      }
      tables.rows(
          report,
          sites,
          facts.readFrom(),
          row -> {
            NavigableMap<LocalDate, Day> days =
                facts.days.getOrDefault(FileTables.text(row, 0), new TreeMap<>());
            days.computeIfPresent(
                LocalDate.ofEpochDay(row.integer(1)),
                (date, day) -> {
                  if (!day.report().equals(report.name())) {
                    return day;
                  }
                  Long seen = FileTables.count(row, visits);
                  return new Day(
                      day.state(),
                      seen,
                      FileTables.count(row, uniques),
                      FileTables.count(row, pageviews),
                      rate < 0 ? null : bounces(seen, row.isNull(rate) ? null : row.real(rate)),
                      day.report());
                });
          });
    }
  }

  private static @Nullable Long bounces(@Nullable Long visits, @Nullable Double rate) {
    if (visits == null) {
      return null;
    }
    if (visits == 0) {
      return 0L;
    }
    return rate == null ? null : Long.valueOf((long) Math.rint(visits * rate / 100));
  }

  /** Adds the visitors of each month, where they are known. */
  void addMonthUniques() throws IOException {
    Map<String, Map<LocalDate, Whole>> own = new HashMap<>();
    List<Report> candidates = wholeSites(DateGrouping.MONTH);
    FileSources sources = new FileSources(coverage, candidates);
    for (Report report : candidates) {
      int uniques = report.schema().indexOf("uniques");
      int pageviews = report.schema().indexOf("pageviews");
      tables.rows(
          report,
          coverage.sites(report),
          facts.readFrom(),
          row -> {
            String site = FileTables.text(row, 0);
            LocalDate month = LocalDate.ofEpochDay(row.integer(1));
            if (report.equals(sources.of(site, month))) {
              own.computeIfAbsent(site, s -> new HashMap<>())
                  .put(
                      month,
                      new Whole(FileTables.count(row, uniques), FileTables.count(row, pageviews)));
            }
          });
    }
    facts.days.forEach(
        (site, days) -> {
          Map<LocalDate, Long> months = new TreeMap<>();
          days.keySet().stream()
              .map(day -> day.withDayOfMonth(1))
              .distinct()
              .filter(month -> !month.isBefore(facts.readFrom()))
              .forEach(
                  month -> {
                    Long value = ofMonth(sources.of(site, month), site, month, own, days);
                    if (value == null) {
                      value = summed(site, month, days);
                    }
                    if (value != null) {
                      months.put(month, value);
                    }
                  });
          if (!months.isEmpty()) {
            facts.monthUniques.put(site, months);
          }
        });
  }

  /** The API's numbers of a whole month; null where the report does not ask for them. */
  private record Whole(@Nullable Long uniques, @Nullable Long pageviews) {}

  private @Nullable Long ofMonth(
      @Nullable Report monthly,
      String site,
      LocalDate month,
      Map<String, Map<LocalDate, Whole>> own,
      NavigableMap<LocalDate, Day> days) {
    if (monthly == null) {
      return null;
    }
    FileCoverage.Covered known = coverage.of(monthly, site, month);
    if (known == null
        || (!known.ended()
            && !Set.of("complete", "empty", "provisional").contains(known.state()))) {
      return null;
    }
    TableSchema schema = monthly.schema();
    Whole whole =
        own.getOrDefault(site, Map.of())
            .getOrDefault(
                month,
                new Whole(
                    schema.indexOf("uniques") < 0 ? null : Long.valueOf(0),
                    schema.indexOf("pageviews") < 0 ? null : Long.valueOf(0)));
    Totals summed =
        Totals.of(
                days,
                month,
                DateGrouping.MONTH.periodEnd(month),
                new Totals.Adds(false, false),
                facts.hasEnded(site))
            .orElseThrow();
    LocalDate coversTo = known.coversTo();
    Long ofDays = summed.pageviews();
    boolean comparable = whole.pageviews() != null && ofDays != null;
    boolean ofTheSame =
        comparable
            ? Objects.equals(whole.pageviews(), ofDays)
            : Objects.equals(coversTo, month.plusDays(summed.completeDays() - 1L));
    return ofTheSame ? whole.uniques() : null;
  }

  private @Nullable Long summed(String site, LocalDate month, NavigableMap<LocalDate, Day> days) {
    LocalDate last = DateGrouping.MONTH.periodEnd(month);
    NavigableMap<LocalDate, Day> some = days.subMap(month, true, last, true);
    boolean adds = !some.isEmpty() && facts.addsUp(some, site, Facts.UNIQUES);
    return Totals.of(days, month, last, new Totals.Adds(false, adds), facts.hasEnded(site))
        .map(Totals::uniques)
        .orElse(null);
  }
}
