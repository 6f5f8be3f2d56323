package fathomexport.inspect;

import fathomexport.ledger.Attempt;
import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.PeriodCertificate;
import fathomexport.ledger.Stretch;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Entity;
import fathomexport.report.Report;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.BackfillCommands;
import fathomexport.run.ExportJob;
import fathomexport.sink.Sink;
import fathomexport.sinks.Sinks;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiPredicate;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What a job's sinks hold. Where sinks differ, the worst certificate counts. */
final class Coverage {
  /** How many sites are read period by period at a time, which bounds the memory that it takes. */
  private static final int SITES_AT_ONCE = 20;

  private final ExportJob job;
  private final Instant now;
  private final Retired retired;

  /** The first day that is kept, by the names of reports. */
  private final Map<String, LocalDate> firstKept;

  /** By report, the periods that every sink holds. */
  private final Map<String, Map<Slice, NavigableMap<String, Cell>>> held = new HashMap<>();

  /** By report, the periods that some sinks hold and others lack. */
  private final Map<String, Map<Slice, NavigableMap<String, Cell>>> partly = new HashMap<>();

  private final Map<String, Map<Slice, List<Attempt>>> failed = new HashMap<>();
  private final Map<SiteId, Zone> zones = new HashMap<>();
  private final Expectation expectation;
  private final Map<ZoneId, LocalDate> expected = new HashMap<>();

  private Coverage(
      ExportJob job,
      Instant now,
      Expectation expectation,
      Retired retired,
      Map<String, LocalDate> firstKept) {
    this.firstKept = Map.copyOf(firstKept);
    this.job = job;
    this.now = now;
    this.expectation = expectation;
    this.retired = retired;
  }

  /** A site's time zone according to its newest ledger entry. */
  private record Zone(Instant fetchedAt, @Nullable String zone) {}

  /**
   * A period as stored in the sinks, or neighbouring periods that are alike. Where sinks differ,
   * the worst certificate counts.
   *
   * @param digest the digest of the rows of a single period
   */
  private record Cell(
      LocalDate period,
      LocalDate coversTo,
      long periods,
      boolean partial,
      boolean empty,
      CertificateStatus status,
      long rows,
      String definition,
      @Nullable String zone,
      @Nullable String digest,
      boolean differs,
      Set<String> sinks) {
    /** Combines what two sinks hold of the same period. */
    Cell plus(Cell other) {
      Set<String> both = new TreeSet<>(sinks);
      both.addAll(other.sinks);
      return new Cell(
          period,
          coversTo.isBefore(other.coversTo) ? coversTo : other.coversTo,
          periods,
          partial || other.partial,
          empty && other.empty,
          status.compareTo(other.status) > 0 ? status : other.status,
          Math.max(rows, other.rows),
          definition.equals(other.definition) ? definition : "",
          zone,
          digest == null ? other.digest : digest,
          differs
              || (digest != null
                  && other.digest != null
                  && !digest.equals(other.digest)
                  && coversTo.equals(other.coversTo)),
          both);
    }

    /** Returns a part of these periods, with the given number of their rows. */
    Cell part(LocalDate from, LocalDate to, long ofRows, DateGrouping grouping) {
      return new Cell(
          from,
          to,
          new DayRange(from, to).periods(grouping).count(),
          partial,
          empty,
          status,
          ofRows,
          definition,
          zone,
          null,
          differs,
          sinks);
    }
  }

  /** Reads what the sinks hold. */
  static Coverage of(
      ExportJob job,
      Sinks sinks,
      StoredStretches stored,
      Instant now,
      Expectation expectation,
      Retired retired,
      Map<String, LocalDate> firstKept) {
    Coverage coverage = new Coverage(job, now, expectation, retired, firstKept);
    job.reports().forEach(report -> coverage.read(sinks, report, stored.of(report)));
    return coverage;
  }

  private void read(Sinks sinks, Report report, Map<String, List<Stretch>> stored) {
    Map<Slice, NavigableMap<String, Cell>> cells = new HashMap<>();
    Map<Slice, List<Attempt>> attempts = new HashMap<>();
    Set<SiteId> wanted = new HashSet<>(job.sites().orElse(List.of()));
    LocalDate kept = firstKept.getOrDefault(report.name(), LocalDate.MIN);
    Map<Slice, Map<String, List<Stretch>>> bySlice = new HashMap<>();
    stored.forEach(
        (sink, stretches) ->
            stretches.forEach(
                stretch -> {
                  zones.merge(
                      stretch.slice().site(),
                      new Zone(stretch.fetchedAt(), stretch.zone()),
                      (a, b) -> b.fetchedAt().isAfter(a.fetchedAt()) ? b : a);
                  cells.computeIfAbsent(stretch.slice(), s -> new TreeMap<>());
                  if (stretch.stored()) {
                    bySlice
                        .computeIfAbsent(stretch.slice(), s -> new HashMap<>())
                        .computeIfAbsent(sink, s -> new ArrayList<>())
                        .add(stretch);
                  }
                }));
    Set<Slice> disagreed = new HashSet<>();
    bySlice.forEach(
        (slice, bySink) -> {
          if (agree(bySink, stored.size())) {
            NavigableMap<String, Cell> ofSlice = cells.computeIfAbsent(slice, s -> new TreeMap<>());
            bySink.values().iterator().next().stream()
                .map(stretch -> cell(stretch, stored.keySet()))
                .forEach(cell -> ofSlice.put(key(report, cell.period(), cell.coversTo()), cell));
          } else {
            disagreed.add(slice);
          }
        });
    for (Sink sink : sinks.all()) {
      for (Attempt attempt : sink.ledger().openAttempts(report.name())) {
        if ((wanted.isEmpty() || wanted.contains(attempt.slice().site()))
            && !attempt.period().isBefore(kept)) {
          attempts.computeIfAbsent(attempt.slice(), s -> new ArrayList<>()).add(attempt);
        }
      }
    }
    attempts.keySet().forEach(slice -> cells.computeIfAbsent(slice, s -> new TreeMap<>()));
    Map<Slice, NavigableMap<String, Cell>> lacking = new HashMap<>();
    List<SiteId> sites = disagreed.stream().map(Slice::site).distinct().sorted().toList();
    for (int i = 0; i < sites.size(); i += SITES_AT_ONCE) {
      List<SiteId> some = sites.subList(i, Math.min(sites.size(), i + SITES_AT_ONCE));
      byPeriod(sinks, report, some, disagreed)
          .forEach(
              (slice, periods) -> {
                NavigableMap<String, Cell> everywhere = new TreeMap<>();
                NavigableMap<String, Cell> somewhere = new TreeMap<>();
                periods.forEach(
                    (key, cell) -> {
                      if (cell.sinks().size() == sinks.all().size()) {
                        everywhere.put(key, cell);
                      } else if (!cell.period().isBefore(kept)) {
                        // An older one is removed from the other sinks, too.
                        somewhere.put(key, cell);
                      }
                    });
                cells.put(slice, combined(report, everywhere));
                if (!somewhere.isEmpty()) {
                  lacking.put(slice, combined(report, somewhere));
                }
              });
    }
    attempts.forEach(
        (slice, failedOnes) ->
            cells.computeIfPresent(slice, (s, ofSlice) -> cut(report, ofSlice, failedOnes)));
    held.put(report.name(), cells);
    partly.put(report.name(), lacking);
    failed.put(report.name(), attempts);
  }

  /** Returns whether all sinks hold the same of a slice. */
  private static boolean agree(Map<String, List<Stretch>> bySink, int sinks) {
    if (bySink.size() < sinks) {
      return false;
    }
    List<Stretch> first = null;
    for (List<Stretch> stretches : bySink.values()) {
      List<Stretch> sorted = new ArrayList<>(stretches);
      sorted.sort(Comparator.comparing(Stretch::first).thenComparing(Stretch::coversTo));
      if (first == null) {
        first = sorted;
      } else if (first.size() != sorted.size()) {
        return false;
      } else {
        for (int i = 0; i < sorted.size(); i++) {
          if (!first.get(i).sameAs(sorted.get(i))) {
            return false;
          }
        }
      }
    }
    return true;
  }

  private static Cell cell(Stretch stretch, Set<String> sinks) {
    return new Cell(
        stretch.first(),
        stretch.coversTo(),
        stretch.periods(),
        stretch.partial(),
        stretch.empty(),
        stretch.status(),
        stretch.rows(),
        stretch.definition(),
        stretch.zone(),
        null,
        false,
        sinks);
  }

  /** Reads period by period what the sinks hold of the slices in which they disagree. */
  private static Map<Slice, NavigableMap<String, Cell>> byPeriod(
      Sinks sinks, Report report, List<SiteId> sites, Set<Slice> disagreed) {
    Map<Slice, NavigableMap<String, Cell>> cells = new HashMap<>();
    for (Sink sink : sinks.all()) {
      for (LedgerEntry entry : sink.ledger().entries(report.name(), sites, LocalDate.EPOCH)) {
        if (entry.stored() && disagreed.contains(entry.slice())) {
          PeriodCertificate c = entry.certificate();
          Cell cell =
              new Cell(
                  c.period(),
                  c.coversTo(),
                  1,
                  report.dateGrouping() != DateGrouping.NONE
                      && c.coversTo().isBefore(report.dateGrouping().periodEnd(c.period())),
                  c.rows() == 0,
                  c.status(),
                  c.rows(),
                  entry.provenance().definition(),
                  entry.provenance().zone(),
                  c.digest(),
                  false,
                  Set.of(sink.name()));
          cells
              .computeIfAbsent(entry.slice(), s -> new TreeMap<>())
              .merge(key(report, c.period(), c.coversTo()), cell, Cell::plus);
        }
      }
    }
    return cells;
  }

  /** Combines neighbouring periods that are alike. */
  private static NavigableMap<String, Cell> combined(
      Report report, NavigableMap<String, Cell> periods) {
    NavigableMap<String, Cell> combined = new TreeMap<>();
    Cell open = null;
    for (Cell cell : periods.values()) {
      if (open != null && report.dateGrouping() != DateGrouping.NONE && continues(open, cell)) {
        open =
            new Cell(
                open.period(),
                cell.coversTo(),
                open.periods() + cell.periods(),
                open.partial(),
                open.empty(),
                open.status(),
                open.rows() + cell.rows(),
                open.definition(),
                open.zone(),
                null,
                open.differs(),
                open.sinks());
      } else {
        open = cell;
      }
      combined.put(key(report, open.period(), open.coversTo()), open);
    }
    return combined;
  }

  private static boolean continues(Cell before, Cell cell) {
    return before.coversTo().plusDays(1).equals(cell.period())
        && before.partial() == cell.partial()
        && before.empty() == cell.empty()
        && before.status() == cell.status()
        && before.definition().equals(cell.definition())
        && Objects.equals(before.zone(), cell.zone())
        && before.differs() == cell.differs()
        && before.sinks().equals(cell.sinks());
  }

  /** Sets the periods with failed attempts apart from their neighbours. */
  private static NavigableMap<String, Cell> cut(
      Report report, NavigableMap<String, Cell> cells, List<Attempt> attempts) {
    DateGrouping grouping = report.dateGrouping();
    if (grouping == DateGrouping.NONE) {
      return cells;
    }
    NavigableSet<LocalDate> failedPeriods =
        attempts.stream().map(Attempt::period).collect(Collectors.toCollection(TreeSet::new));
    NavigableMap<String, Cell> cut = new TreeMap<>();
    for (Cell cell : cells.values()) {
      List<LocalDate> starts = new ArrayList<>(List.of(cell.period()));
      for (LocalDate period : failedPeriods.subSet(cell.period(), true, cell.coversTo(), true)) {
        starts.add(period);
        starts.add(grouping.periodEnd(period).plusDays(1));
      }
      List<LocalDate> from =
          starts.stream().filter(d -> !d.isAfter(cell.coversTo())).distinct().toList();
      for (int i = 0; i < from.size(); i++) {
        LocalDate to = i + 1 < from.size() ? from.get(i + 1).minusDays(1) : cell.coversTo();
        // Only the sum of the rows is shown, so the first part may keep them all.
        cut.put(
            key(report, from.get(i), to),
            from.size() == 1
                ? cell
                : cell.part(from.get(i), to, i == 0 ? cell.rows() : 0, grouping));
      }
    }
    return cut;
  }

  /** Returns the time zones of the sites according to their newest ledger entries. */
  Map<SiteId, ZoneId> zones() {
    Map<SiteId, ZoneId> known = new HashMap<>();
    zones.forEach(
        (site, zone) -> {
          if (zone.zone() != null) {
            known.put(site, ZoneId.of(zone.zone()));
          }
        });
    return known;
  }

  /** Returns one line per report and slice, in no particular order. */
  List<StatusOverview.Line> lines(Map<String, StatusOverview.Journal> journals) {
    Set<SiteId> sites = new HashSet<>();
    held.values().forEach(cells -> cells.keySet().forEach(slice -> sites.add(slice.site())));
    if (!sites.isEmpty()) {
      job.sites().ifPresent(sites::addAll);
    }
    List<StatusOverview.Line> lines = new ArrayList<>();
    for (Report report : job.reports()) {
      Map<Slice, NavigableMap<String, Cell>> cells = held.getOrDefault(report.name(), Map.of());
      Set<Slice> slices = new HashSet<>(cells.keySet());
      if (report.entity() == Entity.PAGEVIEW) {
        // Include new reports, and sites without any data.
        sites.forEach(site -> slices.add(new Slice(site, null)));
      }
      for (Slice slice : slices) {
        lines.add(
            line(
                report,
                slice,
                cells.getOrDefault(slice, new TreeMap<>()),
                failed.getOrDefault(report.name(), Map.of()).getOrDefault(slice, List.of()),
                journals.get(report.name())));
      }
    }
    return lines;
  }

  private StatusOverview.Line line(
      Report report,
      Slice slice,
      NavigableMap<String, Cell> everywhere,
      List<Attempt> attempts,
      StatusOverview.@Nullable Journal journal) {
    Set<String> failedKeys =
        attempts.stream()
            .map(a -> key(report, a.period(), a.coversTo()))
            .collect(Collectors.toSet());
    // Nothing more can be fetched of what the API no longer lists.
    boolean over = retired.covers(slice);
    NavigableMap<String, Cell> lacking =
        partly.getOrDefault(report.name(), Map.of()).getOrDefault(slice, new TreeMap<>());
    NavigableMap<String, Cell> cells = new TreeMap<>(everywhere);
    if (over) {
      // What any sink has of it is all that there is.
      cells.putAll(lacking);
      lacking = new TreeMap<>();
    }
    LocalDate first = null;
    LocalDate last = null;
    for (Cell cell : cells.values()) {
      first = first == null ? cell.period() : first;
      last = last == null || cell.coversTo().isAfter(last) ? cell.coversTo() : last;
    }
    NavigableMap<String, Cell> tried = new TreeMap<>(cells);
    for (Attempt a : attempts) {
      tried.putIfAbsent(
          key(report, a.period(), a.coversTo()),
          new Cell(
              a.period(),
              a.coversTo(),
              1,
              false,
              true,
              CertificateStatus.INCOMPLETE,
              0,
              report.definition(),
              null,
              null,
              false,
              Set.of()));
    }
    if (!lacking.isEmpty() && report.dateGrouping() != DateGrouping.NONE) {
      LocalDate earliest = Objects.requireNonNull(lacking.firstEntry()).getValue().period();
      first = first == null || earliest.isBefore(first) ? earliest : first;
    }
    List<StatusOverview.Span> spans = spans(report, slice, tried, failedKeys, first, lacking);
    List<StatusOverview.Gap> gaps =
        spans.stream()
            .filter(s -> s.state() == PeriodState.MISSING && !over)
            .map(s -> new StatusOverview.Gap(s.first(), s.last()))
            .toList();
    return new StatusOverview.Line(
        report.name(),
        report.dateGrouping().apiName(),
        slice.site().value(),
        slice.event(),
        first,
        last,
        last == null
            ? null
            : over ? 0 : Math.max(0, ChronoUnit.DAYS.between(last, yesterday(slice.site()))),
        last == null || over
            ? 0
            : Math.max(0, ChronoUnit.DAYS.between(last, expected(slice.site()))),
        last == null || over || !last.isBefore(yesterday(slice.site()))
            ? null
            : expectation.lateFrom(yesterday(slice.site()), zone(slice.site())),
        count(cells, c -> c.status() == CertificateStatus.CERTIFIED),
        count(cells, c -> c.status() == CertificateStatus.UNCERTIFIED),
        count(cells, c -> c.status() == CertificateStatus.INCOMPLETE),
        gaps.stream()
            .mapToLong(
                g -> new DayRange(g.first(), g.last()).periods(report.dateGrouping()).count())
            .sum(),
        attempts.stream().map(Attempt::period).distinct().count(),
        count(cells, Cell::partial),
        count(cells, c -> stale(report, slice, c)),
        count(cells, Coverage::nothing),
        cells.values().stream().mapToLong(Cell::rows).sum(),
        journal == null ? 0 : journal.count(slice).quarantined(),
        journal == null ? 0 : journal.count(slice).restated(),
        over ? null : newest(attempts).map(a -> a.period() + ": " + a.reason()).orElse(null),
        gaps,
        spans,
        over);
  }

  /**
   * Returns what some sinks lack and others have, in the order of the sinks: per sink that lacks
   * something one item for what can be fetched, and one for what is retired.
   */
  List<StatusOverview.SinkLag> lagging(Sinks sinks) {
    List<StatusOverview.SinkLag> lagging = new ArrayList<>();
    for (Sink sink : sinks.all()) {
      for (boolean over : List.of(false, true)) {
        Set<String> others = new TreeSet<>();
        Found lacks =
            found(
                partly,
                (slice, cell) ->
                    retired.covers(slice) == over && !cell.sinks().contains(sink.name()));
        lacks.cells().forEach(cell -> others.addAll(cell.sinks()));
        if (!lacks.cells().isEmpty()) {
          lagging.add(
              new StatusOverview.SinkLag(
                  sink.name(),
                  String.join(" and ", others),
                  lacks.extent(),
                  over,
                  over ? List.of() : commands(lacks)));
        }
      }
    }
    return lagging;
  }

  /** Returns the periods of which the sinks hold different rows; null if there are none. */
  StatusOverview.@Nullable Extent differing() {
    Found differing = rowsDiffer();
    return differing.cells().isEmpty() ? null : differing.extent();
  }

  /** Returns the commands that fetch such periods again. */
  List<BackfillCommands.Command> differingCommands() {
    return commands(rowsDiffer());
  }

  private Found rowsDiffer() {
    return found(held, (slice, cell) -> cell.differs() && !retired.covers(slice));
  }

  private List<BackfillCommands.Command> commands(Found found) {
    return BackfillCommands.of(found.wants(), scope(), BackfillCommands.MOST);
  }

  /** Returns what a backfill of the job's pipeline would cover, as far as something is stored. */
  BackfillCommands.Scope scope() {
    Set<String> sites = new HashSet<>();
    Map<BackfillCommands.Part, LocalDate> stored = new HashMap<>();
    Map<BackfillCommands.Part, List<DayRange>> gaps = new HashMap<>();
    for (Report report : job.reports()) {
      Set<Slice> slices = new HashSet<>(held.getOrDefault(report.name(), Map.of()).keySet());
      slices.addAll(partly.getOrDefault(report.name(), Map.of()).keySet());
      for (Slice slice : slices) {
        if (retired.covers(slice)) {
          continue;
        }
        sites.add(slice.site().value());
        List<DayRange> days =
            DayRange.union(
                Stream.of(held, partly)
                    .flatMap(
                        cells ->
                            Stream.ofNullable(
                                cells.getOrDefault(report.name(), Map.of()).get(slice)))
                    .flatMap(cells -> cells.values().stream())
                    .map(
                        cell ->
                            new DayRange(
                                cell.period(), report.dateGrouping().periodEnd(cell.coversTo())))
                    .toList());
        if (days.isEmpty() || report.dateGrouping() == DateGrouping.NONE) {
          continue;
        }
        BackfillCommands.Part part = new BackfillCommands.Part(report.name(), slice.site().value());
        // From then on, all events are stored.
        stored.merge(part, days.get(0).first(), (a, b) -> a.isAfter(b) ? a : b);
        for (int i = 1; i < days.size(); i++) {
          gaps.computeIfAbsent(part, p -> new ArrayList<>())
              .add(
                  new DayRange(
                      days.get(i - 1).last().plusDays(1), days.get(i).first().minusDays(1)));
        }
      }
    }
    gaps.replaceAll((part, ofPart) -> DayRange.union(ofPart));
    job.sites().ifPresent(named -> named.forEach(site -> sites.add(site.value())));
    return new BackfillCommands.Scope(
        job.selection().sites().isEmpty() ? sites : Set.of(),
        job.selection().reports().isEmpty()
            ? job.pipelineReports().stream().map(Report::name).collect(Collectors.toSet())
            : Set.of(),
        stored,
        gaps);
  }

  /** Cells of some kind, and the ranges that they span by report and site. */
  private record Found(List<Cell> cells, List<BackfillCommands.Want> wants) {
    StatusOverview.Extent extent() {
      return new StatusOverview.Extent(
          cells.stream().mapToLong(Cell::periods).sum(),
          (int) wants.stream().map(w -> w.part().report()).distinct().count(),
          (int) wants.stream().map(w -> w.part().site()).distinct().count(),
          wants.stream()
              .map(BackfillCommands.Want::first)
              .min(Comparator.naturalOrder())
              .orElseThrow(),
          wants.stream()
              .map(BackfillCommands.Want::last)
              .max(Comparator.naturalOrder())
              .orElseThrow());
    }
  }

  private static Found found(
      Map<String, Map<Slice, NavigableMap<String, Cell>>> cells, BiPredicate<Slice, Cell> which) {
    List<Cell> found = new ArrayList<>();
    List<BackfillCommands.Want> wants = new ArrayList<>();
    cells.forEach(
        (report, ofReport) ->
            ofReport.forEach(
                (slice, ofSlice) -> {
                  for (Cell cell : ofSlice.values()) {
                    if (which.test(slice, cell)) {
                      found.add(cell);
                      wants.add(
                          new BackfillCommands.Want(
                              new BackfillCommands.Part(report, slice.site().value()),
                              cell.period(),
                              cell.coversTo(),
                              cell.periods()));
                    }
                  }
                }));
    return new Found(found, wants);
  }

  private LocalDate yesterday(SiteId site) {
    return now.atZone(zone(site)).toLocalDate().minusDays(1);
  }

  /** Returns the newest day that a run could have fetched by now. */
  private LocalDate expected(SiteId site) {
    return expected.computeIfAbsent(zone(site), zone -> expectation.expectedTo(zone, now));
  }

  private ZoneId zone(SiteId site) {
    Zone known = zones.get(site);
    return known == null || known.zone() == null
        ? Site.LAST_ZONE_ON_EARTH
        : ZoneId.of(known.zone());
  }

  /**
   * Combines neighbouring periods of the same state. Missing periods between them become spans,
   * too.
   */
  private List<StatusOverview.Span> spans(
      Report report,
      Slice slice,
      NavigableMap<String, Cell> cells,
      Set<String> failedKeys,
      @Nullable LocalDate first,
      NavigableMap<String, Cell> lacking) {
    List<StatusOverview.Span> spans = new ArrayList<>();
    boolean byRange = report.dateGrouping() == DateGrouping.NONE;
    if (cells.isEmpty() && first != null) {
      // No sink has what the others have: all of it is missing.
      Cell last = Objects.requireNonNull(lacking.lastEntry()).getValue();
      add(spans, first, last.coversTo(), PeriodState.MISSING, false);
    }
    for (Map.Entry<String, Cell> e : cells.entrySet()) {
      Cell cell = e.getValue();
      StatusOverview.Span before = spans.isEmpty() ? null : spans.get(spans.size() - 1);
      LocalDate due =
          before == null
              ? first == null || cell.period().isBefore(first) ? cell.period() : first
              : report.dateGrouping().periodEnd(before.last()).plusDays(1);
      // Days that no run queries are not missing.
      LocalDate from =
          due.isBefore(Site.FIRST_ACCURATE_DAY)
              ? report.dateGrouping().periodStart(Site.FIRST_ACCURATE_DAY)
              : due;
      if (!byRange && from.isBefore(cell.period())) {
        add(spans, from, cell.period().minusDays(1), PeriodState.MISSING, false);
      }
      PeriodState state =
          failedKeys.contains(e.getKey()) ? PeriodState.INCOMPLETE : state(report, slice, cell);
      add(spans, cell.period(), cell.coversTo(), state, byRange);
    }
    return List.copyOf(spans);
  }

  private static void add(
      List<StatusOverview.Span> spans,
      LocalDate first,
      LocalDate last,
      PeriodState state,
      boolean apart) {
    int end = spans.size() - 1;
    if (!apart
        && end >= 0
        && spans.get(end).state() == state
        && spans.get(end).last().plusDays(1).equals(first)) {
      spans.set(end, new StatusOverview.Span(spans.get(end).first(), last, state));
    } else {
      spans.add(new StatusOverview.Span(first, last, state));
    }
  }

  private PeriodState state(Report report, Slice slice, Cell cell) {
    if (cell.status() == CertificateStatus.INCOMPLETE) {
      return PeriodState.INCOMPLETE;
    }
    if (stale(report, slice, cell)) {
      return PeriodState.STALE;
    }
    if (cell.partial()) {
      return PeriodState.PROVISIONAL;
    }
    if (cell.status() == CertificateStatus.UNCERTIFIED) {
      return PeriodState.UNCERTIFIED;
    }
    return nothing(cell) ? PeriodState.NOTHING : PeriodState.CERTIFIED;
  }

  private boolean stale(Report report, Slice slice, Cell cell) {
    Zone newest = zones.get(slice.site());
    return !cell.definition().equals(report.definition())
        || (newest != null
            && newest.zone() != null
            && cell.zone() != null
            && !newest.zone().equals(cell.zone()));
  }

  private static boolean nothing(Cell cell) {
    return cell.status() == CertificateStatus.CERTIFIED && cell.empty();
  }

  private static String key(Report report, LocalDate period, LocalDate coversTo) {
    return report.dateGrouping() == DateGrouping.NONE
        ? period + ".." + coversTo
        : period.toString();
  }

  private static Optional<Attempt> newest(List<Attempt> attempts) {
    return attempts.stream().max((a, b) -> a.at().compareTo(b.at()));
  }

  private static long count(NavigableMap<String, Cell> cells, Predicate<Cell> which) {
    return cells.values().stream().filter(which).mapToLong(Cell::periods).sum();
  }
}
