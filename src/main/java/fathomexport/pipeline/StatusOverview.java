package fathomexport.pipeline;

import fathomexport.ledger.Attempt;
import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.PeriodCertificate;
import fathomexport.ledger.Restatement;
import fathomexport.ledger.RunRecord;
import fathomexport.report.DateGrouping;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.sink.Sink;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What is covered, to which day, how surely.
 *
 * @param lines one a report and slice
 * @param stale what was measured under another definition, or another zone than the site's newest
 * @param moved how late numbers still changed, a line a report that has changed
 * @param runs the newest runs, newest first
 */
public record StatusOverview(
    Instant at, List<Line> lines, List<StaleRange> stale, List<Moved> moved, List<Run> runs) {
  private static final int RUNS = 5;
  private static final int JOURNAL = 10_000;

  /**
   * One report of one site, and for events of one event. Counts are of periods: days, months or
   * years. A period counts as the least sure of what the pipeline's sinks hold of it.
   *
   * @param first first period that is held; null when nothing is
   * @param freshTo last measured day; null when nothing is
   * @param missing periods between the first and the last that are not held
   * @param failed periods whose last attempt failed
   * @param problem the newest failed attempt's reason; null when there is none
   */
  public record Line(
      String report,
      String site,
      @Nullable String event,
      @Nullable LocalDate first,
      @Nullable LocalDate freshTo,
      long certified,
      long uncertified,
      long incomplete,
      long missing,
      long failed,
      long rows,
      @Nullable String problem) {}

  /**
   * How late a report's stored numbers were still changed by a later fetch: what a look-back is
   * chosen from. Days and hours only: a month that is not over grows.
   *
   * @param days stored days (of a site or event) that changed
   * @param ages how many of them changed so many days after their end, ascending; a day that
   *     changed twice counts with the later
   * @param lastAt when the newest change was fetched
   * @param lookbackDays the pipeline's
   * @param suggestedLookbackDays the least that would have caught all that is known; one more than
   *     the pipeline's when changes came as late as it looks, since later ones may be missed
   */
  public record Moved(
      String report,
      long days,
      List<Age> ages,
      Instant lastAt,
      int lookbackDays,
      int suggestedLookbackDays) {}

  /**
   * How many days changed at one age.
   *
   * @param daysAfter from the end of the day in the site's zone; 1 is the day after
   */
  public record Age(long daysAfter, long days) {}

  /** One run. */
  public record Run(
      String runId,
      String pipeline,
      String command,
      Instant startedAt,
      @Nullable Instant finishedAt,
      @Nullable Integer exitCode,
      long windowsPlanned,
      long windowsCommitted,
      long requests) {}

  static StatusOverview of(ExportJob job, Sinks sinks, Instant now) {
    List<Line> lines = new ArrayList<>();
    for (Report report : job.reports()) {
      lines.addAll(lines(job, sinks, report));
    }
    return new StatusOverview(
        now,
        lines,
        StaleRange.of(job.reports(), job.sites().orElse(List.of()), sinks, Map.of()),
        job.reports().stream().flatMap(r -> moved(job, sinks, r).stream()).toList(),
        sinks.ledger().runs(RUNS).stream().map(StatusOverview::run).toList());
  }

  private static Optional<Moved> moved(ExportJob job, Sinks sinks, Report report) {
    if (report.dateGrouping() != DateGrouping.DAY && report.dateGrouping() != DateGrouping.HOUR) {
      return Optional.empty();
    }
    // All sinks are told the same: the first one's journal speaks for them.
    List<Restatement> journal = sinks.ledger().restatements(report.name(), JOURNAL);
    if (journal.isEmpty()) {
      return Optional.empty();
    }
    Map<SiteId, ZoneId> zones = new HashMap<>();
    LocalDate earliest =
        journal.stream().map(Restatement::period).min(Comparator.naturalOrder()).orElseThrow();
    for (LedgerEntry entry : sinks.ledger().entries(report.name(), List.of(), earliest)) {
      String zone = entry.provenance().zone();
      if (zone != null) {
        zones.put(entry.slice().site(), ZoneId.of(zone));
      }
    }
    Map<String, Long> daysLate = new HashMap<>();
    Instant last = Instant.MIN;
    for (Restatement r : journal) {
      ZoneId zone = zones.getOrDefault(r.slice().site(), ZoneOffset.UTC);
      long days = ChronoUnit.DAYS.between(r.period(), LocalDate.ofInstant(r.at(), zone));
      daysLate.merge(r.slice() + " " + r.period(), days, Math::max);
      last = r.at().isAfter(last) ? r.at() : last;
    }
    TreeMap<Long, Long> ages = new TreeMap<>();
    daysLate.values().forEach(days -> ages.merge(days, 1L, Long::sum));
    // Yesterday, which is one day old, and as many days before it are asked for again.
    int latest = (int) Math.min(ages.lastKey() - 1, Integer.MAX_VALUE);
    int lookback = job.lookbackDays();
    return Optional.of(
        new Moved(
            report.name(),
            daysLate.size(),
            ages.entrySet().stream().map(e -> new Age(e.getKey(), e.getValue())).toList(),
            last,
            lookback,
            latest == lookback ? lookback + 1 : Math.max(latest, 0)));
  }

  private static Run run(RunRecord r) {
    return new Run(
        r.runId(),
        r.pipeline(),
        r.command(),
        r.startedAt(),
        r.finishedAt(),
        r.exitCode(),
        r.windowsPlanned(),
        r.windowsCommitted(),
        r.requests());
  }

  /** A period as the least sure of the sinks holds it. */
  private record Cell(LocalDate coversTo, CertificateStatus status, long rows, int sinks) {
    Cell plus(Cell other) {
      return new Cell(
          coversTo.isBefore(other.coversTo) ? coversTo : other.coversTo,
          status.compareTo(other.status) > 0 ? status : other.status,
          Math.max(rows, other.rows),
          sinks + other.sinks);
    }
  }

  private static List<Line> lines(ExportJob job, Sinks sinks, Report report) {
    Map<Slice, NavigableMap<String, Cell>> held = new HashMap<>();
    Map<Slice, List<Attempt>> failed = new HashMap<>();
    for (Sink sink : sinks.all()) {
      for (LedgerEntry entry :
          sink.ledger().entries(report.name(), job.sites().orElse(List.of()), LocalDate.EPOCH)) {
        NavigableMap<String, Cell> cells =
            held.computeIfAbsent(entry.slice(), s -> new TreeMap<>());
        if (entry.stored()) {
          PeriodCertificate c = entry.certificate();
          cells.merge(key(report, c), new Cell(c.coversTo(), c.status(), c.rows(), 1), Cell::plus);
        }
      }
      sink.ledger()
          .openAttempts(report.name())
          .forEach(a -> failed.computeIfAbsent(a.slice(), s -> new ArrayList<>()).add(a));
    }
    failed.keySet().forEach(slice -> held.computeIfAbsent(slice, s -> new TreeMap<>()));
    return held.entrySet().stream()
        .sorted(Map.Entry.comparingByKey(StatusOverview::compare))
        .map(
            e -> {
              NavigableMap<String, Cell> cells = e.getValue();
              cells.values().removeIf(c -> c.sinks() < sinks.all().size());
              return line(report, e.getKey(), cells, failed.getOrDefault(e.getKey(), List.of()));
            })
        .toList();
  }

  private static int compare(Slice a, Slice b) {
    int bySite = a.site().compareTo(b.site());
    return bySite != 0 ? bySite : a.eventKey().compareTo(b.eventKey());
  }

  private static String key(Report report, PeriodCertificate c) {
    return report.dateGrouping() == DateGrouping.NONE
        ? c.period() + ".." + c.coversTo()
        : c.period().toString();
  }

  private static Line line(
      Report report, Slice slice, NavigableMap<String, Cell> cells, List<Attempt> attempts) {
    LocalDate first = null;
    LocalDate last = null;
    if (!cells.isEmpty()) {
      first = LocalDate.parse(cells.firstKey().substring(0, 10));
      last = cells.lastEntry().getValue().coversTo();
    }
    return new Line(
        report.name(),
        slice.site().value(),
        slice.event(),
        first,
        last,
        count(cells, CertificateStatus.CERTIFIED),
        count(cells, CertificateStatus.UNCERTIFIED),
        count(cells, CertificateStatus.INCOMPLETE),
        missing(report.dateGrouping(), cells),
        attempts.stream().map(Attempt::period).distinct().count(),
        cells.values().stream().mapToLong(Cell::rows).sum(),
        newest(attempts).map(a -> a.period() + ": " + a.reason()).orElse(null));
  }

  private static Optional<Attempt> newest(List<Attempt> attempts) {
    return attempts.stream().max((a, b) -> a.at().compareTo(b.at()));
  }

  private static long count(NavigableMap<String, Cell> cells, CertificateStatus status) {
    return cells.values().stream().filter(c -> c.status() == status).count();
  }

  private static long missing(DateGrouping grouping, NavigableMap<String, Cell> cells) {
    if (cells.isEmpty() || grouping == DateGrouping.NONE) {
      return 0;
    }
    LocalDate end = LocalDate.parse(cells.lastKey());
    long missing = 0;
    for (LocalDate p = LocalDate.parse(cells.firstKey());
        p.isBefore(end);
        p = grouping.periodEnd(p).plusDays(1)) {
      if (!cells.containsKey(p.toString())) {
        missing++;
      }
    }
    return missing;
  }
}
