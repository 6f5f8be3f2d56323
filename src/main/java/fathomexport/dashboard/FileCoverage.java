package fathomexport.dashboard;

import fathomexport.dashboard.Facts.Slice;
import fathomexport.report.ColumnType;
import fathomexport.report.DateGrouping;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.TableSchema;
import fathomexport.sink.parquet.file.Documents;
import fathomexport.sink.parquet.file.ListingFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What the last run has written down of the states of periods, and what the API no longer lists, by
 * the rules of the views of schema {@code fathom_bi}.
 */
final class FileCoverage {
  private static final TableSchema COVERAGE =
      new TableSchema(
          "coverage",
          DateGrouping.NONE,
          List.of(
              FileTables.column("report", ColumnType.TEXT),
              FileTables.column("site_id", ColumnType.TEXT),
              FileTables.column("event_name", ColumnType.TEXT),
              FileTables.column("state", ColumnType.TEXT),
              FileTables.column("period", ColumnType.DATE),
              FileTables.column("covers_to", ColumnType.DATE),
              FileTables.column("reason", ColumnType.TEXT)));

  /**
   * What the last run has written down of a period.
   *
   * @param coversTo null if nothing is stored
   * @param ended whether it is incomplete only because its site or event is retired: what is stored
   *     is the part that was measured
   */
  record Covered(String state, @Nullable LocalDate coversTo, boolean ended) {}

  private final FileTables tables;
  private final List<Report> reports;
  private final Facts facts;

  /** By report, site and event (empty for pageviews): what the last run has written down. */
  private final Map<Slice, NavigableMap<LocalDate, Covered>> covered = new LinkedHashMap<>();

  /** The last day of each site and event (empty for the site) that the API no longer lists. */
  private final Map<List<String>, LocalDate> retired = new HashMap<>();

  private final Map<String, LocalDate> yesterdays = new HashMap<>();

  private FileCoverage(FileTables tables, List<Report> reports, Facts facts) {
    this.tables = tables;
    this.reports = reports;
    this.facts = facts;
  }

  /** Reads the states of periods, which the last run has written into this file. */
  static FileCoverage read(FileTables tables, Path file, List<Report> reports, Facts facts)
      throws IOException {
    FileCoverage coverage = new FileCoverage(tables, reports, facts);
    coverage.read(file);
    coverage.readRetired();
    coverage
        .covered
        .keySet()
        .forEach(s -> coverage.yesterdays.computeIfAbsent(s.site(), coverage::yesterday));
    return coverage;
  }

  private void read(Path file) throws IOException {
    Set<String> wanted = new HashSet<>();
    reports.forEach(r -> wanted.add(r.name()));
    FileTables.read(
        file,
        COVERAGE,
        row -> {
          if (wanted.contains(FileTables.text(row, 0))) {
            covered
                .computeIfAbsent(
                    new Slice(
                        FileTables.text(row, 0), FileTables.text(row, 1), FileTables.text(row, 2)),
                    s -> new TreeMap<>())
                .put(
                    LocalDate.ofEpochDay(row.integer(4)),
                    new Covered(
                        FileTables.text(row, 3),
                        row.isNull(5) ? null : LocalDate.ofEpochDay(row.integer(5)),
                        FileTables.text(row, 6).equals(ListingFiles.ENDED)));
          }
        });
    // Of what was only tried there is no calendar.
    covered.values().removeIf(c -> c.values().stream().allMatch(p -> p.coversTo() == null));
  }

  /** Reads what is retired, and was stored: of that, the calendar has an end. */
  private void readRetired() throws IOException {
    Map<fathomexport.report.Slice, Instant> seen = new HashMap<>();
    tables.dimension(
        FileTables.SITE_SEEN,
        r -> seen.put(slice(FileTables.text(r, 0), null), FileTables.instant(r, 1)));
    tables.dimension(
        FileTables.EVENT_SEEN,
        r ->
            seen.put(
                slice(FileTables.text(r, 0), FileTables.text(r, 1)), FileTables.instant(r, 2)));
    new ListingFiles(tables.layout(), new Documents())
        .retired(seen)
        .forEach(
            (slice, last) ->
                last.ifPresent(
                    day -> retired.put(List.of(slice.site().value(), slice.eventKey()), day)));
  }

  private static fathomexport.report.Slice slice(String site, @Nullable String event) {
    return new fathomexport.report.Slice(new SiteId(site), event);
  }

  /** Returns the last day that a slice could have by now: of what is retired, its last one. */
  private LocalDate yesterday(Slice slice) {
    LocalDate last = yesterdays.getOrDefault(slice.site(), LocalDate.EPOCH);
    for (String event : List.of("", slice.event())) {
      LocalDate ended = retired.get(List.of(slice.site(), event));
      if (ended != null && ended.isBefore(last)) {
        last = ended;
      }
    }
    return last;
  }

  /** Returns whether a slice is retired, so that its last period will never be whole. */
  private boolean hasEnded(Slice slice) {
    return retired.containsKey(List.of(slice.site(), ""))
        || retired.containsKey(List.of(slice.site(), slice.event()));
  }

  private LocalDate yesterday(String site) {
    Facts.Site known = facts.sites.get(site);
    ZoneId zone = Facts.LAST;
    String name = known == null ? null : known.zone();
    if (name != null) {
      try {
        zone = ZoneId.of(name);
      } catch (DateTimeException e) {
        // Such a zone is newer than this Java: a day that is over everywhere is over there, too.
        zone = Facts.LAST;
      }
    }
    return LocalDate.ofInstant(facts.at, zone).minusDays(1);
  }

  private Report report(String name) {
    return reports.stream().filter(r -> r.name().equals(name)).findFirst().orElseThrow();
  }

  /** Adds how far each slice is stored, and what the state of its last day is. */
  void addFreshness() {
    covered.forEach(
        (slice, periods) -> {
          DateGrouping grouping = report(slice.report()).dateGrouping();
          if (grouping == DateGrouping.NONE) {
            return;
          }
          LocalDate yesterday = yesterday(slice);
          Covered newest = periods.get(grouping.periodStart(yesterday));
          String state = newest == null ? "missing" : newest.state();
          if (state.equals("provisional") && hasEnded(slice)) {
            state = "incomplete";
          }
          facts.freshness.add(
              new Facts.Fresh(
                  slice.report(),
                  slice.site(),
                  slice.event().isEmpty() ? null : slice.event(),
                  periods.values().stream()
                      .map(Covered::coversTo)
                      .filter(Objects::nonNull)
                      .max(LocalDate::compareTo)
                      .orElse(yesterday),
                  yesterday,
                  state));
        });
    facts.freshness.sort(
        Comparator.comparing(Facts.Fresh::report)
            .thenComparing(Facts.Fresh::site)
            .thenComparing(f -> Objects.requireNonNullElse(f.event(), "")));
  }

  /** Adds the states of the days of the page, of the reports by day and hour. */
  void addCalendar() {
    covered.forEach(
        (slice, periods) -> {
          DateGrouping grouping = report(slice.report()).dateGrouping();
          if (grouping != DateGrouping.DAY && grouping != DateGrouping.HOUR) {
            return;
          }
          LocalDate first =
              periods.entrySet().stream()
                  .filter(p -> p.getValue().coversTo() != null)
                  .map(Map.Entry::getKey)
                  .findFirst()
                  .orElseThrow();
          LocalDate yesterday = yesterday(slice);
          LocalDate stored =
              periods.values().stream()
                  .map(Covered::coversTo)
                  .filter(Objects::nonNull)
                  .max(LocalDate::compareTo)
                  .orElse(yesterday);
          LocalDate last = stored.isAfter(yesterday) ? stored : yesterday;
          for (LocalDate day = first.isBefore(facts.readFrom()) ? facts.readFrom() : first;
              !day.isAfter(last) && !day.isAfter(facts.end());
              day = day.plusDays(1)) {
            Covered known = periods.get(day);
            facts.state(slice, day, known == null ? "missing" : known.state());
          }
        });
  }

  /** Returns the states of the days of a site, as far as they are on the page. */
  NavigableMap<LocalDate, String> states(Report report, String site) {
    return facts.calendar.getOrDefault(report.name(), Map.of()).getOrDefault(site, new TreeMap<>());
  }

  /** Returns the slices of which something is stored. */
  Set<Slice> slices() {
    return covered.keySet();
  }

  /** Returns what is known of the periods of a report on whole sites. */
  NavigableMap<LocalDate, Covered> periods(Report report, String site) {
    return covered.getOrDefault(new Slice(report.name(), site, ""), new TreeMap<>());
  }

  /** Returns what is known of a period of a report on whole sites; null if nothing is. */
  @Nullable Covered of(Report report, String site, LocalDate period) {
    return periods(report, site).get(period);
  }

  /** Returns the sites of which something of a report is stored. */
  Set<String> sites(Report report) {
    Set<String> sites = new TreeSet<>();
    for (Slice slice : covered.keySet()) {
      if (slice.report().equals(report.name())) {
        sites.add(slice.site());
      }
    }
    return sites;
  }
}
