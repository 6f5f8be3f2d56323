package fathomexport.inspect;

import fathomexport.ledger.Attempt;
import fathomexport.ledger.CertificateStatus;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Entity;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.ExportJob;
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
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Puts what the sinks hold into lines: one per report and slice. */
final class CoverageLines {
  private final ExportJob job;
  private final Instant now;
  private final Instant clock;
  private final Coverage coverage;
  private final SiteZones zones;
  private final CoverageSpans coverageSpans;
  private final Expectation expectation;
  private final Retired retired;
  private final Map<ZoneId, LocalDate> expected = new HashMap<>();

  /**
   * @param now the time for which the state is asked
   * @param clock the time that it is
   */
  CoverageLines(
      ExportJob job,
      Instant now,
      Instant clock,
      Coverage coverage,
      Expectation expectation,
      Retired retired) {
    this.job = job;
    this.now = now;
    this.clock = clock;
    this.coverage = coverage;
    this.zones = coverage.zones();
    this.coverageSpans = new CoverageSpans(zones);
    this.expectation = expectation;
    this.retired = retired;
  }

  /** Returns one line per report and slice, in no particular order. */
  List<StatusOverview.Line> lines(Map<String, Journal> journals) {
    Set<SiteId> sites = new HashSet<>();
    job.reports().forEach(r -> coverage.slices(r).forEach(slice -> sites.add(slice.site())));
    if (!sites.isEmpty()) {
      job.sites().ifPresent(sites::addAll);
    }
    List<StatusOverview.Line> lines = new ArrayList<>();
    for (Report report : job.reports()) {
      Set<Slice> slices = new HashSet<>(coverage.slices(report));
      if (report.entity() == Entity.PAGEVIEW) {
        // Include new reports, and sites without any data.
        sites.forEach(site -> slices.add(new Slice(site, null)));
      }
      for (Slice slice : slices) {
        lines.add(line(report, slice, journals.get(report.name())));
      }
    }
    return lines;
  }

  private StatusOverview.Line line(Report report, Slice slice, @Nullable Journal journal) {
    List<Attempt> attempts = coverage.attempts(report, slice);
    Set<String> failedKeys =
        attempts.stream()
            .map(a -> CoveredPeriods.key(report, a.period(), a.coversTo()))
            .collect(Collectors.toSet());
    // Nothing more can be fetched of what the API no longer lists.
    boolean over = retired.covers(slice);
    NavigableMap<String, CoveredPeriods> lacking = coverage.somewhere(report, slice);
    NavigableMap<String, CoveredPeriods> cells = new TreeMap<>(coverage.everywhere(report, slice));
    if (over) {
      // What any sink has of it is all that there is.
      cells.putAll(lacking);
      lacking = new TreeMap<>();
    }
    LocalDate first = null;
    LocalDate last = null;
    for (CoveredPeriods cell : cells.values()) {
      first = first == null ? cell.period() : first;
      last = last == null || cell.coversTo().isAfter(last) ? cell.coversTo() : last;
    }
    NavigableMap<String, CoveredPeriods> tried = new TreeMap<>(cells);
    for (Attempt a : attempts) {
      CoveredPeriods never = CoveredPeriods.of(a, report);
      tried.putIfAbsent(never.key(report), never);
    }
    if (!lacking.isEmpty() && report.dateGrouping() != DateGrouping.NONE) {
      LocalDate earliest = Objects.requireNonNull(lacking.firstEntry()).getValue().period();
      first = first == null || earliest.isBefore(first) ? earliest : first;
    }
    List<StatusOverview.Span> spans =
        coverageSpans.of(report, slice, tried, failedKeys, first, lacking);
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
        cells.values().stream().mapToLong(c -> ahead(slice, c)).max().orElse(0),
        last == null || over || !last.isBefore(yesterday(slice.site()))
            ? null
            : expectation.lateFrom(yesterday(slice.site()), zones.of(slice.site())),
        count(cells, c -> c.status() == CertificateStatus.CERTIFIED),
        count(cells, c -> c.status() == CertificateStatus.UNCERTIFIED),
        count(cells, c -> c.status() == CertificateStatus.INCOMPLETE),
        gaps.stream()
            .mapToLong(
                g -> new DayRange(g.first(), g.last()).periods(report.dateGrouping()).count())
            .sum(),
        attempts.stream().map(Attempt::period).distinct().count(),
        count(cells, CoveredPeriods::partial),
        // Also what only some sinks hold: a suggested command renews it, and counts it.
        count(cells, c -> coverageSpans.stale(report, slice, c))
            + count(lacking, c -> coverageSpans.stale(report, slice, c)),
        over ? 0 : count(cells, CoveredPeriods::differs),
        count(cells, CoveredPeriods::nothing),
        cells.values().stream().mapToLong(CoveredPeriods::rows).sum(),
        journal == null ? 0 : journal.count(slice).quarantined(),
        journal == null ? 0 : journal.count(slice).restated(),
        over ? null : newest(attempts).map(a -> a.period() + ": " + a.reason()).orElse(null),
        gaps,
        spans,
        over);
  }

  /** Returns the number of days that are not over, in the time zone in which they were fetched. */
  private long ahead(Slice slice, CoveredPeriods cell) {
    String zone = cell.like().zone();
    LocalDate over =
        clock
            .atZone(zone == null ? zones.of(slice.site()) : ZoneId.of(zone))
            .toLocalDate()
            .minusDays(1);
    return Math.max(0, ChronoUnit.DAYS.between(over, cell.coversTo()));
  }

  private LocalDate yesterday(SiteId site) {
    return now.atZone(zones.of(site)).toLocalDate().minusDays(1);
  }

  /** Returns the newest day that a run could have fetched by now. */
  private LocalDate expected(SiteId site) {
    return expected.computeIfAbsent(zones.of(site), zone -> expectation.expectedTo(zone, now));
  }

  private static Optional<Attempt> newest(List<Attempt> attempts) {
    return attempts.stream().max((a, b) -> a.at().compareTo(b.at()));
  }

  private static long count(
      NavigableMap<String, CoveredPeriods> cells, Predicate<CoveredPeriods> which) {
    return cells.values().stream().filter(which).mapToLong(CoveredPeriods::periods).sum();
  }
}
