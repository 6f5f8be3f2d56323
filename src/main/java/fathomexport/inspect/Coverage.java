package fathomexport.inspect;

import fathomexport.ledger.Attempt;
import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.PeriodCertificate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Entity;
import fathomexport.report.Report;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.ExportJob;
import fathomexport.sink.Sink;
import fathomexport.sinks.Sinks;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What a job's sinks hold, period by period. Where sinks differ, the worst certificate counts. */
final class Coverage {
  private final ExportJob job;
  private final Instant now;
  private final Retired retired;
  private final Map<String, Map<Slice, NavigableMap<String, Cell>>> held = new HashMap<>();
  private final Map<String, Map<Slice, List<Attempt>>> failed = new HashMap<>();
  private final Map<SiteId, Zone> zones = new HashMap<>();

  private Coverage(ExportJob job, Instant now, Retired retired) {
    this.job = job;
    this.now = now;
    this.retired = retired;
  }

  /** A site's time zone according to its newest ledger entry. */
  private record Zone(Instant fetchedAt, @Nullable String zone) {}

  /** A period as stored in the sinks. Where sinks differ, the worst certificate counts. */
  private record Cell(
      LocalDate period,
      LocalDate coversTo,
      CertificateStatus status,
      long rows,
      String definition,
      @Nullable String zone,
      int sinks) {
    Cell plus(Cell other) {
      return new Cell(
          period,
          coversTo.isBefore(other.coversTo) ? coversTo : other.coversTo,
          status.compareTo(other.status) > 0 ? status : other.status,
          Math.max(rows, other.rows),
          definition.equals(other.definition) ? definition : "",
          zone,
          sinks + other.sinks);
    }
  }

  /** Returns one line per report and slice, in no particular order. */
  static List<StatusOverview.Line> of(
      ExportJob job,
      Sinks sinks,
      Instant now,
      Map<String, StatusOverview.Journal> journals,
      Retired retired) {
    Coverage coverage = new Coverage(job, now, retired);
    job.reports().forEach(report -> coverage.read(sinks, report));
    return coverage.lines(journals);
  }

  private void read(Sinks sinks, Report report) {
    Map<Slice, NavigableMap<String, Cell>> cells = new HashMap<>();
    Map<Slice, List<Attempt>> attempts = new HashMap<>();
    Set<SiteId> wanted = new HashSet<>(job.sites().orElse(List.of()));
    for (Sink sink : sinks.all()) {
      for (LedgerEntry entry : sink.ledger().entries(report.name(), wanted, LocalDate.EPOCH)) {
        zones.merge(
            entry.slice().site(),
            new Zone(entry.provenance().fetchedAt(), entry.provenance().zone()),
            (a, b) -> b.fetchedAt().isAfter(a.fetchedAt()) ? b : a);
        NavigableMap<String, Cell> ofSlice =
            cells.computeIfAbsent(entry.slice(), s -> new TreeMap<>());
        if (entry.stored()) {
          PeriodCertificate c = entry.certificate();
          Cell cell =
              new Cell(
                  c.period(),
                  c.coversTo(),
                  c.status(),
                  c.rows(),
                  entry.provenance().definition(),
                  entry.provenance().zone(),
                  1);
          ofSlice.merge(key(report, c.period(), c.coversTo()), cell, Cell::plus);
        }
      }
      for (Attempt attempt : sink.ledger().openAttempts(report.name())) {
        if (wanted.isEmpty() || wanted.contains(attempt.slice().site())) {
          attempts.computeIfAbsent(attempt.slice(), s -> new ArrayList<>()).add(attempt);
        }
      }
    }
    attempts.keySet().forEach(slice -> cells.computeIfAbsent(slice, s -> new TreeMap<>()));
    cells.values().forEach(c -> c.values().removeIf(cell -> cell.sinks() < sinks.all().size()));
    held.put(report.name(), cells);
    failed.put(report.name(), attempts);
  }

  private List<StatusOverview.Line> lines(Map<String, StatusOverview.Journal> journals) {
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
      NavigableMap<String, Cell> cells,
      List<Attempt> attempts,
      StatusOverview.@Nullable Journal journal) {
    Set<String> failedKeys =
        attempts.stream()
            .map(a -> key(report, a.period(), a.coversTo()))
            .collect(Collectors.toSet());
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
              CertificateStatus.INCOMPLETE,
              0,
              report.definition(),
              null,
              0));
    }
    List<StatusOverview.Span> spans = spans(report, slice, tried, failedKeys);
    // Nothing more can be fetched of what the API no longer lists.
    boolean over = retired.covers(slice);
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
        count(cells, CertificateStatus.CERTIFIED),
        count(cells, CertificateStatus.UNCERTIFIED),
        count(cells, CertificateStatus.INCOMPLETE),
        gaps.stream()
            .mapToLong(
                g -> new DayRange(g.first(), g.last()).periods(report.dateGrouping()).count())
            .sum(),
        attempts.stream().map(Attempt::period).distinct().count(),
        cells.values().stream().filter(c -> provisional(report, c)).count(),
        cells.values().stream().filter(c -> stale(report, slice, c)).count(),
        cells.values().stream().filter(Coverage::nothing).count(),
        cells.values().stream().mapToLong(Cell::rows).sum(),
        journal == null ? 0 : journal.count(slice).quarantined(),
        journal == null ? 0 : journal.count(slice).restated(),
        over ? null : newest(attempts).map(a -> a.period() + ": " + a.reason()).orElse(null),
        gaps,
        spans,
        over);
  }

  private LocalDate yesterday(SiteId site) {
    Zone known = zones.get(site);
    ZoneId zone =
        known == null || known.zone() == null ? Site.LAST_ZONE_ON_EARTH : ZoneId.of(known.zone());
    return now.atZone(zone).toLocalDate().minusDays(1);
  }

  /**
   * Combines neighbouring periods of the same state. Missing periods between them become spans,
   * too.
   */
  private List<StatusOverview.Span> spans(
      Report report, Slice slice, NavigableMap<String, Cell> cells, Set<String> failedKeys) {
    List<StatusOverview.Span> spans = new ArrayList<>();
    boolean byRange = report.dateGrouping() == DateGrouping.NONE;
    for (Map.Entry<String, Cell> e : cells.entrySet()) {
      Cell cell = e.getValue();
      StatusOverview.Span before = spans.isEmpty() ? null : spans.get(spans.size() - 1);
      LocalDate due =
          before == null
              ? cell.period()
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
    if (provisional(report, cell)) {
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

  private static boolean provisional(Report report, Cell cell) {
    return report.dateGrouping() != DateGrouping.NONE
        && cell.coversTo().isBefore(report.dateGrouping().periodEnd(cell.period()));
  }

  private static boolean nothing(Cell cell) {
    return cell.status() == CertificateStatus.CERTIFIED && cell.rows() == 0;
  }

  private static String key(Report report, LocalDate period, LocalDate coversTo) {
    return report.dateGrouping() == DateGrouping.NONE
        ? period + ".." + coversTo
        : period.toString();
  }

  private static Optional<Attempt> newest(List<Attempt> attempts) {
    return attempts.stream().max((a, b) -> a.at().compareTo(b.at()));
  }

  private static long count(NavigableMap<String, Cell> cells, CertificateStatus status) {
    return cells.values().stream().filter(c -> c.status() == status).count();
  }
}
