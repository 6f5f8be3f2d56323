package fathomexport.inspect;

import fathomexport.ledger.Attempt;
import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.RunRecord;
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
  private final ListedSlices listed;
  private final boolean hasSucceeded;
  private final @Nullable RunRecord lastGood;
  private final Map<ZoneId, LocalDate> expected = new HashMap<>();

  /**
   * @param now the time for which the state is asked
   * @param clock the time that it is
   * @param listed of what something is to be stored
   * @param hasSucceeded whether a run of the whole pipeline has, so that what is listed since is
   *     due before it is late
   * @param lastGood the newest run of all sites and reports that succeeded; null if there is none
   */
  CoverageLines(
      ExportJob job,
      Instant now,
      Instant clock,
      Coverage coverage,
      Expectation expectation,
      Retired retired,
      ListedSlices listed,
      boolean hasSucceeded,
      @Nullable RunRecord lastGood) {
    this.job = job;
    this.now = now;
    this.clock = clock;
    this.coverage = coverage;
    this.zones = coverage.zones();
    this.coverageSpans = new CoverageSpans(zones, retired);
    this.expectation = expectation;
    this.retired = retired;
    this.listed = listed;
    this.hasSucceeded = hasSucceeded;
    this.lastGood = lastGood;
  }

  /** Returns one line per report and slice, in no particular order. */
  List<StatusOverview.Line> lines(Map<String, Journal> journals) {
    Set<SiteId> sites = new HashSet<>();
    job.reports().forEach(r -> coverage.slices(r).forEach(slice -> sites.add(slice.site())));
    boolean isBegun = isBegun();
    if (isBegun) {
      job.sites().ifPresent(sites::addAll);
      sites.addAll(listed.sites());
    }
    List<StatusOverview.Line> lines = new ArrayList<>();
    for (Report report : job.reports()) {
      Set<Slice> slices = new HashSet<>(coverage.slices(report));
      if (report.entity() == Entity.PAGEVIEW) {
        // Include new reports, and sites without any data.
        sites.forEach(site -> slices.add(new Slice(site, null)));
      } else if (isBegun) {
        slices.addAll(listed.of(report));
      }
      for (Slice slice : slices) {
        lines.add(line(report, slice, journals.get(report.name())));
      }
    }
    return lines;
  }

  /** Returns whether anything of the pipeline was exported, or tried. */
  boolean isBegun() {
    return hasSucceeded
        || job.reports().stream().anyMatch(report -> !coverage.slices(report).isEmpty());
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
        lateFrom(slice, last, over, first == null && attempts.isEmpty()),
        count(cells, c -> c.status() == CertificateStatus.CERTIFIED),
        count(cells, c -> c.status() == CertificateStatus.UNCERTIFIED),
        count(
            cells,
            c ->
                c.status() == CertificateStatus.INCOMPLETE
                    || coverageSpans.hasEnded(report, slice, c)),
        gaps.stream()
            .mapToLong(
                g -> new DayRange(g.first(), g.last()).periods(report.dateGrouping()).count())
            .sum(),
        attempts.stream().map(Attempt::period).distinct().count(),
        count(cells, c -> c.partial() && !retired.hasEnded(slice)),
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

  /**
   * Returns from when the last day that has ended is late, if it is not stored. Of what was never
   * stored it is the first day of which that is certain, as long as it is not late.
   */
  private @Nullable Instant lateFrom(
      Slice slice, @Nullable LocalDate last, boolean over, boolean neverStored) {
    if (over) {
      return null;
    }
    if (last != null) {
      LocalDate yesterday = yesterday(slice.site());
      return last.isBefore(yesterday)
          ? expectation.lateFrom(yesterday, zones.of(slice.site()))
          : null;
    }
    return neverStored && hasSucceeded
        ? listed
            .firstDay(slice)
            .filter(day -> !isStoredBefore(slice, day))
            .map(day -> expectation.lateFrom(day, listed.zone(slice.site())))
            .filter(from -> from.isAfter(now))
            .orElse(null)
        : null;
  }

  /**
   * Returns whether the last good run has stored the day: the slice was listed to it, and the day
   * was over. What is not there then was removed since.
   */
  private boolean isStoredBefore(Slice slice, LocalDate day) {
    RunRecord run = lastGood;
    return run != null
        && run.finishedAt() != null
        && listed.isListedAt(slice, run.finishedAt())
        && day.isBefore(run.startedAt().atZone(listed.zone(slice.site())).toLocalDate());
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
