package fathomexport.dashboard;

import com.fasterxml.jackson.databind.JsonNode;
import fathomexport.dashboard.Facts.Day;
import fathomexport.dashboard.Facts.ListKey;
import fathomexport.dashboard.Facts.Period;
import fathomexport.dashboard.Facts.Row;
import fathomexport.report.Aggregate;
import fathomexport.report.Column;
import fathomexport.report.ColumnType;
import fathomexport.report.DateGrouping;
import fathomexport.report.Entity;
import fathomexport.report.Field;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.TableSchema;
import fathomexport.report.rows.RowReader;
import fathomexport.sink.parquet.file.Documents;
import fathomexport.sink.parquet.file.Layout;
import fathomexport.sink.parquet.file.RowFileReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
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
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Reads what a page shows from the Parquet files, by the rules of the views of schema {@code
 * fathom_bi}: the rows, the names of sites and events, and the states of periods, which the last
 * run has written to {@code _fathom/coverage.parquet}.
 */
final class FileFacts {
  private static final Set<String> MEASURED = Set.of("complete", "empty", "provisional", "stale");

  private static final TableSchema SITE = table("site", "site_id", "name", "time_zone");
  private static final TableSchema EVENT = table("event", "site_id", "event_name", "currency");
  private static final TableSchema SITE_SEEN = seen("site", "site_id");
  private static final TableSchema EVENT_SEEN = seen("event", "site_id", "event_name");
  private static final TableSchema COVERAGE =
      new TableSchema(
          "coverage",
          DateGrouping.NONE,
          List.of(
              column("report", ColumnType.TEXT),
              column("site_id", ColumnType.TEXT),
              column("event_name", ColumnType.TEXT),
              column("state", ColumnType.TEXT),
              column("period", ColumnType.DATE),
              column("covers_to", ColumnType.DATE)));

  private final Layout layout;
  private final List<Report> reports;
  private final Facts facts;

  /** By report, site and event (empty for pageviews): what the last run has written down. */
  private final Map<Slice, NavigableMap<LocalDate, Covered>> covered = new LinkedHashMap<>();

  /** The last day of each site and event (empty for the site) that the API no longer lists. */
  private final Map<List<String>, LocalDate> retired = new HashMap<>();

  private record Slice(String report, String site, String event) {}

  /**
   * @param coversTo null if nothing is stored
   */
  private record Covered(String state, @Nullable LocalDate coversTo) {}

  private FileFacts(Path root, List<Report> reports, Facts facts) {
    this.layout = new Layout(root);
    this.reports = reports;
    this.facts = facts;
  }

  /**
   * @param at decides which days are over
   * @throws NoPageException if no run has written files there
   */
  static Facts read(Path root, List<Report> reports, Instant at)
      throws IOException, NoPageException {
    Facts facts = new Facts(at, "Parquet files");
    new FileFacts(root, reports, facts).all();
    return facts;
  }

  private static Column column(String name, ColumnType type) {
    return new Column(name, type, true, Column.Role.FIELD);
  }

  private static TableSchema table(String name, String... columns) {
    return new TableSchema(
        name, DateGrouping.NONE, Stream.of(columns).map(c -> column(c, ColumnType.TEXT)).toList());
  }

  /** The names of a table, and when it was last listed. */
  private static TableSchema seen(String name, String... columns) {
    return new TableSchema(
        name,
        DateGrouping.NONE,
        Stream.concat(
                Stream.of(columns).map(c -> column(c, ColumnType.TEXT)),
                Stream.of(column("last_seen_at", ColumnType.INSTANT)))
            .toList());
  }

  private void all() throws IOException, NoPageException {
    Path coverage = layout.own().resolve("coverage.parquet");
    if (!Files.isRegularFile(coverage)) {
      throw new NoPageException(
          "no run has finished in "
              + layout.root()
              + " yet: there is no _fathom/coverage.parquet. Run `fathom-export run PIPELINE`");
    }
    dimension(
        SITE,
        r -> {
          String id = text(r, 0);
          facts.sites.put(id, new Facts.Site(id, r.text(1), r.text(2)));
        });
    coverage(coverage);
    retired();
    Map<String, LocalDate> yesterdays = new HashMap<>();
    covered.keySet().forEach(s -> yesterdays.computeIfAbsent(s.site(), this::yesterday));
    freshness(yesterdays);
    facts.endAt(facts.freshness.stream().map(Facts.Fresh::yesterday).toList());
    calendar(yesterdays);
    days();
    agreements();
    monthUniques();
    List<Period> periods = facts.layPeriods();
    for (ListKind kind : ListKind.values()) {
      list(kind, periods);
    }
    goals(periods);
  }

  // --- Reading

  private interface RowTaker {
    void take(RowReader row) throws IOException;
  }

  private static void read(Path file, TableSchema schema, RowTaker taker) throws IOException {
    RowReader cells = new RowReader(schema);
    try (RowFileReader rows = new RowFileReader(file, schema)) {
      while (rows.next()) {
        taker.take(cells.read(rows.buffer(), rows.length()));
      }
    }
  }

  private void dimension(TableSchema schema, RowTaker taker) throws IOException {
    Path file = layout.root().resolve(schema.name()).resolve(Layout.DATA);
    if (Files.isRegularFile(file)) {
      read(file, schema, taker);
    }
  }

  /** Reads the rows of a report from the first day that the page needs, of these sites. */
  private void rows(Report report, Set<String> sites, RowTaker taker) throws IOException {
    TableSchema schema = report.schema();
    int time = schema.indexOf(Column.Role.TIME);
    List<SiteId> ids = sites.stream().sorted().map(SiteId::new).toList();
    if (ids.isEmpty()) {
      return;
    }
    for (Path file : layout.files(report.name(), ids, facts.readFrom(), LocalDate.MAX)) {
      read(
          file,
          schema,
          row -> {
            if (!LocalDate.ofEpochDay(row.integer(time)).isBefore(facts.readFrom())) {
              taker.take(row);
            }
          });
    }
  }

  private static String text(RowReader row, int column) {
    return Objects.requireNonNullElse(row.text(column), "");
  }

  private static @Nullable Long count(RowReader row, int column) {
    return column < 0 || row.isNull(column) ? null : Long.valueOf(row.integer(column));
  }

  private void coverage(Path file) throws IOException {
    Set<String> wanted = new HashSet<>();
    reports.forEach(r -> wanted.add(r.name()));
    read(
        file,
        COVERAGE,
        row -> {
          if (wanted.contains(text(row, 0))) {
            covered
                .computeIfAbsent(
                    new Slice(text(row, 0), text(row, 1), text(row, 2)), s -> new TreeMap<>())
                .put(
                    LocalDate.ofEpochDay(row.integer(4)),
                    new Covered(
                        text(row, 3), row.isNull(5) ? null : LocalDate.ofEpochDay(row.integer(5))));
          }
        });
    // Of what was only tried there is no calendar.
    covered.values().removeIf(c -> c.values().stream().allMatch(p -> p.coversTo() == null));
  }

  /**
   * Reads what is retired: what no pipeline's list has contained since it was last seen. The rule
   * is that of the view {@code fathom_ops.retired}.
   */
  private void retired() throws IOException {
    Path folder = layout.own().resolve("listings");
    if (!Files.isDirectory(folder)) {
      return;
    }
    Map<List<String>, Instant> seen = new HashMap<>();
    dimension(SITE_SEEN, r -> seen.put(List.of(text(r, 0), ""), instant(r, 1)));
    dimension(EVENT_SEEN, r -> seen.put(List.of(text(r, 0), text(r, 1)), instant(r, 2)));
    List<Path> files;
    try (Stream<Path> found = Files.list(folder)) {
      files = found.filter(file -> file.toString().endsWith(".json")).sorted().toList();
    }
    Documents documents = new Documents();
    for (Path file : files) {
      JsonNode content = documents.read(file);
      if (content == null) {
        continue;
      }
      for (JsonNode listing : content.required("listings")) {
        List<String> key =
            List.of(Documents.text(listing, "site_id"), listing.path("event").asText(""));
        if (listing.has("unlisted_at")
            && listing.has("last_day")
            && Instant.parse(Documents.text(listing, "unlisted_at"))
                .isAfter(seen.getOrDefault(key, Instant.MIN))) {
          LocalDate last = LocalDate.parse(Documents.text(listing, "last_day"));
          retired.merge(key, last, (a, b) -> a.isAfter(b) ? a : b);
        }
      }
    }
  }

  private static Instant instant(RowReader row, int column) {
    return row.isNull(column)
        ? Instant.MIN
        : Instant.EPOCH.plus(row.integer(column), ChronoUnit.MICROS);
  }

  // --- States

  /** Returns the last day that a slice could have by now: of what is retired, its last one. */
  private LocalDate yesterday(Slice slice, Map<String, LocalDate> yesterdays) {
    LocalDate last = yesterdays.getOrDefault(slice.site(), LocalDate.EPOCH);
    for (String event : List.of("", slice.event())) {
      LocalDate ended = retired.get(List.of(slice.site(), event));
      if (ended != null && ended.isBefore(last)) {
        last = ended;
      }
    }
    return last;
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

  private void freshness(Map<String, LocalDate> yesterdays) {
    covered.forEach(
        (slice, periods) -> {
          DateGrouping grouping = report(slice.report()).dateGrouping();
          if (grouping == DateGrouping.NONE) {
            return;
          }
          LocalDate yesterday = yesterday(slice, yesterdays);
          Covered newest = periods.get(grouping.periodStart(yesterday));
          LocalDate to = newest == null ? null : newest.coversTo();
          String state;
          if (newest == null) {
            state = "missing";
          } else if (newest.state().equals("incomplete")) {
            state = "incomplete";
          } else {
            state = to == null || to.isBefore(yesterday) ? "missing" : newest.state();
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

  private void calendar(Map<String, LocalDate> yesterdays) {
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
          LocalDate yesterday = yesterday(slice, yesterdays);
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
            facts.state(
                slice.report(), slice.site(), day, known == null ? "missing" : known.state());
          }
        });
  }

  private NavigableMap<LocalDate, String> states(Report report, String site) {
    return facts.calendar.getOrDefault(report.name(), Map.of()).getOrDefault(site, new TreeMap<>());
  }

  // --- Whole sites

  /** Returns the reports on whole sites, the best first. */
  private List<Report> wholeSites(DateGrouping grouping) {
    return reports.stream()
        .filter(
            r ->
                r.entity() == Entity.PAGEVIEW
                    && r.dateGrouping() == grouping
                    && r.fields().isEmpty()
                    && r.filters().isEmpty())
        .sorted(
            Comparator.comparing((Report r) -> -r.aggregates().size()).thenComparing(Report::name))
        .toList();
  }

  /** Returns the sites that are taken from each of these reports: the first that has them. */
  private Map<Report, Set<String>> shared(List<Report> candidates) {
    Map<Report, Set<String>> shared = new LinkedHashMap<>();
    Set<String> served = new HashSet<>();
    for (Report report : candidates) {
      Set<String> sites = new HashSet<>();
      for (Slice slice : covered.keySet()) {
        if (slice.report().equals(report.name()) && !served.contains(slice.site())) {
          sites.add(slice.site());
        }
      }
      served.addAll(sites);
      if (!sites.isEmpty()) {
        shared.put(report, sites);
      }
    }
    return shared;
  }

  private void days() throws IOException {
    for (Map.Entry<Report, Set<String>> share : shared(wholeSites(DateGrouping.DAY)).entrySet()) {
      Report report = share.getKey();
      TableSchema schema = report.schema();
      int visits = schema.indexOf("visits");
      int uniques = schema.indexOf("uniques");
      int pageviews = schema.indexOf("pageviews");
      int rate = schema.indexOf("bounce_rate");
      for (String site : share.getValue()) {
        NavigableMap<LocalDate, Day> days = new TreeMap<>();
        states(report, site)
            .forEach(
                (day, state) -> {
                  Long nothing = MEASURED.contains(state) ? Long.valueOf(0) : null;
                  days.put(
                      day,
                      new Day(
                          state,
                          visits < 0 ? null : nothing,
                          uniques < 0 ? null : nothing,
                          pageviews < 0 ? null : nothing,
                          visits < 0 ? null : nothing,
                          report.name()));
                });
        // What was retired before the page begins has no days on it.
        if (!days.isEmpty()) {
          facts.days.put(site, days);
        }
      }
      rows(
          report,
          share.getValue(),
          row -> {
            NavigableMap<LocalDate, Day> days =
                facts.days.getOrDefault(text(row, 0), new TreeMap<>());
            days.computeIfPresent(
                LocalDate.ofEpochDay(row.integer(1)),
                (date, day) -> {
                  Long seen = count(row, visits);
                  return new Day(
                      day.state(),
                      seen,
                      count(row, uniques),
                      count(row, pageviews),
                      bounces(seen, rate < 0 || row.isNull(rate) ? null : row.real(rate)),
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

  private void monthUniques() throws IOException {
    Map<String, Map<LocalDate, Long>> own = new HashMap<>();
    Map<String, Report> monthly = new HashMap<>();
    for (Map.Entry<Report, Set<String>> share : shared(wholeSites(DateGrouping.MONTH)).entrySet()) {
      Report report = share.getKey();
      int uniques = report.schema().indexOf("uniques");
      if (uniques < 0) {
        continue;
      }
      share.getValue().forEach(site -> monthly.put(site, report));
      rows(
          report,
          share.getValue(),
          row -> {
            Long value = count(row, uniques);
            if (value != null) {
              own.computeIfAbsent(text(row, 0), s -> new HashMap<>())
                  .put(LocalDate.ofEpochDay(row.integer(1)), value);
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
                    Long value = ofMonth(monthly.get(site), site, month, own);
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

  private @Nullable Long ofMonth(
      @Nullable Report monthly,
      String site,
      LocalDate month,
      Map<String, Map<LocalDate, Long>> own) {
    if (monthly == null) {
      return null;
    }
    Covered known =
        covered.getOrDefault(new Slice(monthly.name(), site, ""), new TreeMap<>()).get(month);
    if (known == null || !Set.of("complete", "empty", "provisional").contains(known.state())) {
      return null;
    }
    return own.getOrDefault(site, Map.of()).getOrDefault(month, 0L);
  }

  private @Nullable Long summed(String site, LocalDate month, NavigableMap<LocalDate, Day> days) {
    NavigableMap<LocalDate, Day> some =
        days.subMap(month, true, DateGrouping.MONTH.periodEnd(month), true);
    boolean adds =
        !some.isEmpty()
            && facts.addsUp(
                some.values().iterator().next().report(), site, Facts.UNIQUES, Facts.OVER_DAYS);
    if (!adds) {
      return null;
    }
    List<Long> known = some.values().stream().map(Day::uniques).filter(Objects::nonNull).toList();
    return known.isEmpty() ? null : Long.valueOf(known.stream().mapToLong(Long::longValue).sum());
  }

  // --- Whether measures add up

  private void agreements() throws IOException {
    for (Report parts : reports) {
      for (Report whole : reports) {
        boolean comparable =
            parts.entity() == Entity.PAGEVIEW
                && whole.entity() == Entity.PAGEVIEW
                && parts.dateGrouping() == DateGrouping.DAY
                && Set.copyOf(parts.filters()).equals(Set.copyOf(whole.filters()));
        boolean groups =
            whole.dateGrouping() == DateGrouping.DAY
                && !parts.fields().isEmpty()
                && whole.fields().isEmpty();
        boolean days =
            whole.dateGrouping() == DateGrouping.MONTH
                && Set.copyOf(parts.fields()).equals(Set.copyOf(whole.fields()));
        if (comparable && (groups || days)) {
          compare(parts, whole);
        }
      }
    }
  }

  private record SitePeriod(String site, LocalDate period) {}

  /** The sums of a group, or of all groups, in a period: of the parts, and the whole's own. */
  private static final class Sums {
    private final long[] summed = new long[2];
    private final int[] parts = new int[2];
    private final long[] own = new long[2];
  }

  private void compare(Report parts, Report whole) throws IOException {
    List<Aggregate> measures =
        Stream.of(Aggregate.VISITS, Aggregate.UNIQUES)
            .filter(a -> parts.aggregates().contains(a) && whole.aggregates().contains(a))
            .toList();
    if (measures.isEmpty()) {
      return;
    }
    boolean overDays = parts.dateGrouping() != whole.dateGrouping();
    Map<SitePeriod, Map<List<String>, Sums>> all = new HashMap<>();
    for (Report report : List.of(parts, whole)) {
      TableSchema schema = report.schema();
      Set<String> sites = new HashSet<>();
      covered.keySet().stream()
          .filter(s -> s.report().equals(report.name()))
          .forEach(s -> sites.add(s.site()));
      rows(
          report,
          sites,
          row -> {
            SitePeriod period =
                new SitePeriod(
                    text(row, 0),
                    whole.dateGrouping().periodStart(LocalDate.ofEpochDay(row.integer(1))));
            Sums sums =
                all.computeIfAbsent(period, p -> new HashMap<>())
                    .computeIfAbsent(
                        overDays ? group(whole.fields(), schema, row) : List.of(), g -> new Sums());
            for (int i = 0; i < measures.size(); i++) {
              long value =
                  Objects.requireNonNullElse(
                      count(row, schema.indexOf(measures.get(i).apiName())), 0L);
              if (report.equals(whole)) {
                sums.own[i] += value;
              } else {
                sums.summed[i] += value;
                sums.parts[i] += value > 0 ? 1 : 0;
              }
            }
          });
    }
    all.forEach(
        (period, groups) -> {
          if (!certified(parts, whole, period)) {
            return;
          }
          for (int i = 0; i < measures.size(); i++) {
            int place = i;
            if (groups.values().stream().anyMatch(s -> s.parts[place] > 1)) {
              boolean agrees =
                  groups.values().stream().allMatch(s -> s.summed[place] == s.own[place]);
              facts.agreements.merge(
                  new Facts.Sum(
                      parts.name(),
                      period.site(),
                      measures.get(i).apiName(),
                      overDays ? Facts.OVER_DAYS : Facts.OVER_GROUPS),
                  new Facts.Agreement(1, agrees ? 1 : 0),
                  (a, b) ->
                      new Facts.Agreement(a.periods() + b.periods(), a.agreed() + b.agreed()));
            }
          }
        });
  }

  private static List<String> group(List<Field> fields, TableSchema schema, RowReader row) {
    return fields.stream()
        .map(f -> Labelling.shown(row.text(schema.indexOf(f.apiName()))))
        .toList();
  }

  /** Returns whether both sides of a period are certified, and the whole has traffic. */
  private boolean certified(Report parts, Report whole, SitePeriod period) {
    Covered own =
        covered
            .getOrDefault(new Slice(whole.name(), period.site(), ""), new TreeMap<>())
            .get(period.period());
    if (own == null || !own.state().equals("complete")) {
      return false;
    }
    NavigableMap<LocalDate, String> states = states(parts, period.site());
    LocalDate end = whole.dateGrouping().periodEnd(period.period());
    for (LocalDate day = period.period(); !day.isAfter(end); day = day.plusDays(1)) {
      String state = states.getOrDefault(day, "missing");
      if (!state.equals("complete") && !state.equals("empty")) {
        return false;
      }
    }
    return true;
  }

  // --- Lists

  /** The row of a list that rows of a report are added to. */
  private record Label(String main, String sub) {}

  private interface Labeller {
    /** Returns null for a row that is not in the list. */
    @Nullable Label of(RowReader row);
  }

  private static Labeller labeller(ListKind kind, Report report) {
    TableSchema schema = report.schema();
    List<Field> fields = report.fields();
    return switch (kind) {
      case PAGES -> {
        int path = schema.indexOf(Field.PATHNAME.apiName());
        int host = schema.indexOf(Field.HOSTNAME.apiName());
        yield row ->
            new Label(
                Labelling.shown(row.text(path)),
                host < 0 ? text(row, 0) : Labelling.shown(row.text(host)));
      }
      case CHANNELS -> {
        Channels channels = new Channels(fields);
        yield row ->
            new Label(
                channels.of(
                    fields.stream().map(f -> text(row, schema.indexOf(f.apiName()))).toList()),
                "");
      }
      case REFERRERS -> {
        List<Integer> columns =
            Stream.of(Field.REFERRER_SOURCE, Field.REFERRER_HOSTNAME)
                .filter(fields::contains)
                .map(f -> schema.indexOf(f.apiName()))
                .toList();
        yield row ->
            new Label(
                columns.stream()
                    .map(c -> Labelling.shown(row.text(c)))
                    .filter(Labelling::present)
                    .findFirst()
                    .orElse(Labelling.DIRECT),
                "");
      }
      case CAMPAIGNS -> {
        List<Integer> columns =
            Labelling.CAMPAIGN.stream()
                .filter(fields::contains)
                .map(f -> schema.indexOf(f.apiName()))
                .toList();
        yield row -> {
          List<String> parts = columns.stream().map(c -> Labelling.shown(row.text(c))).toList();
          return parts.stream().anyMatch(Labelling::present)
              ? new Label(parts.get(0), String.join(" / ", parts.subList(1, parts.size())))
              : null;
        };
      }
      case COUNTRIES -> {
        int country = schema.indexOf(Field.COUNTRY_CODE.apiName());
        yield row -> new Label(Labelling.shown(row.text(country)), "");
      }
    };
  }

  private static final class Counted {
    private long pageviews;
    private @Nullable Long visits;
  }

  private void list(ListKind kind, List<Period> periods) throws IOException {
    Map<Report, Set<String>> shared = shared(kind.candidates(reports));
    for (Map.Entry<Report, Set<String>> share : shared.entrySet()) {
      Report report = share.getKey();
      facts.listReports.merge(kind, Labelling.source(report), (a, b) -> a + ", " + b);
      TableSchema schema = report.schema();
      int pageviews = schema.indexOf("pageviews");
      int visits = schema.indexOf("visits");
      Labeller labeller = labeller(kind, report);
      Map<ListKey, Map<Label, Counted>> counted = new HashMap<>();
      rows(
          report,
          share.getValue(),
          row -> {
            Label label = labeller.of(row);
            if (label == null) {
              return;
            }
            LocalDate day = LocalDate.ofEpochDay(row.integer(1));
            for (int n = 0; n < periods.size(); n++) {
              if (!periods.get(n).contains(day)) {
                continue;
              }
              for (String site : List.of(text(row, 0), Facts.ALL_SITES)) {
                Counted sum =
                    counted
                        .computeIfAbsent(new ListKey(kind, n, site), k -> new HashMap<>())
                        .computeIfAbsent(label, l -> new Counted());
                sum.pageviews += Objects.requireNonNullElse(count(row, pageviews), 0L);
                sum.visits = Totals.plusKnown(sum.visits, count(row, visits));
              }
            }
          });
      counted.forEach(
          (key, labels) -> {
            List<Row> rows = new ArrayList<>();
            labels.forEach(
                (label, sum) ->
                    rows.add(new Row(label.main(), label.sub(), sum.pageviews, sum.visits)));
            long total = rows.stream().mapToLong(Row::pageviews).sum();
            // Lists of several reports are merged, for which their first rows do not suffice.
            List<Row> kept = shared.size() == 1 ? Facts.top(rows) : rows;
            facts.addList(
                key,
                new Facts.Ranking(
                    total,
                    Labelling.withVisits(facts, kind, report, share.getValue(), key.site(), kept)));
          });
    }
  }

  // --- Goals

  private record GoalKey(int period, String site, String event) {}

  private static final class Achieved {
    private long conversions;
    private @Nullable Long cents;
  }

  private void goals(List<Period> periods) throws IOException {
    Map<List<String>, String> currencies = new HashMap<>();
    dimension(
        EVENT,
        row -> {
          String currency = row.text(2);
          if (currency != null) {
            currencies.put(List.of(text(row, 0), text(row, 1)), currency);
          }
        });
    Set<List<String>> served = new HashSet<>();
    for (Report report : ListKind.goals(reports)) {
      TableSchema schema = report.schema();
      int conversions = schema.indexOf("conversions");
      int value = schema.indexOf("value");
      List<Slice> slices =
          covered.keySet().stream().filter(s -> s.report().equals(report.name())).toList();
      Set<String> sites = new HashSet<>();
      slices.forEach(s -> sites.add(s.site()));
      Map<GoalKey, Achieved> all = new HashMap<>();
      rows(
          report,
          sites,
          row -> {
            if (served.contains(List.of(text(row, 0), text(row, 1)))) {
              return;
            }
            LocalDate day = LocalDate.ofEpochDay(row.integer(2));
            for (int n = 0; n < periods.size(); n++) {
              if (!periods.get(n).contains(day)) {
                continue;
              }
              Achieved sum =
                  all.computeIfAbsent(
                      new GoalKey(n, text(row, 0), text(row, 1)), k -> new Achieved());
              sum.conversions += Objects.requireNonNullElse(count(row, conversions), 0L);
              sum.cents = Totals.plusKnown(sum.cents, count(row, value));
            }
          });
      all.forEach(
          (key, sum) ->
              facts.goals.add(
                  new Facts.Goal(
                      key.period(),
                      key.site(),
                      key.event(),
                      currencies.get(List.of(key.site(), key.event())),
                      sum.conversions,
                      sum.cents)));
      slices.forEach(s -> served.add(List.of(s.site(), s.event())));
    }
  }
}
