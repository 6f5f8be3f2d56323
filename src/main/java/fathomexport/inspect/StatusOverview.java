package fathomexport.inspect;

import com.fasterxml.jackson.annotation.JsonProperty;
import fathomexport.fetch.ApiLesson;
import fathomexport.ledger.Audit;
import fathomexport.ledger.JournalCount;
import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.QuarantinedRow;
import fathomexport.ledger.RequestCount;
import fathomexport.ledger.Restatement;
import fathomexport.ledger.RunRecord;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.ExportJob;
import fathomexport.run.StaleRange;
import fathomexport.sink.Sink;
import fathomexport.sinks.Sinks;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The state of a pipeline's data: what is stored, up to which day, and how well it is certified.
 *
 * @param at when the state was read
 * @param sites number of sites that have stored data or that the pipeline names, without retired
 *     ones
 * @param sitesComplete number of these for which every report is stored up to yesterday, without a
 *     gap, complete and under the pipeline's present definition
 * @param lines one per report and slice; those that need attention come first
 * @param stale ranges measured under another definition, or in another time zone than the site's
 *     newest
 * @param quarantined the newest rows that could not be typed, newest first
 * @param restated the newest changes of stored periods, newest first
 * @param moved how late numbers still changed, one item per report with changes
 * @param lookbackFetched sites whose look-back is fetched rather than confirmed, because an audit
 *     found changed rows although the control had not changed
 * @param runs the newest runs, newest first
 * @param learned limits of the API learned from its responses
 * @param damaged files that cannot be read, each with what to do about it; their content counts as
 *     missing
 */
public record StatusOverview(
    Instant at,
    String pipeline,
    int sites,
    int sitesComplete,
    List<Line> lines,
    List<StaleRange> stale,
    List<Quarantined> quarantined,
    List<Change> restated,
    List<Moved> moved,
    List<FailedAudit> lookbackFetched,
    List<Run> runs,
    Usage usage,
    List<ApiLesson> learned,
    List<String> damaged) {
  /**
   * Any day that can be stored: years before 1970 have no web data, and paths have four digits for
   * the year.
   */
  private static final DayRange ANY_DAY =
      new DayRange(LocalDate.of(1970, 1, 1), LocalDate.of(9999, 12, 31));

  private static final int RUNS = 60;
  private static final int RUNS_OF_A_MONTH = 10_000;
  private static final int JOURNAL = 10_000;
  private static final int SHOWN = 50;
  private static final int USAGE_DAYS = 31;

  /**
   * The coverage of one report for one site, and for events of one event. Counts are numbers of
   * periods: days, months or years. Where the pipeline's sinks differ, a period's worst state
   * counts.
   *
   * @param grouping the date grouping
   * @param first first stored period; null if nothing is stored
   * @param freshTo last measured day; null if nothing is stored
   * @param daysBehind days from there to the site's yesterday; null if nothing is stored
   * @param missing periods between the first and the last that are not stored
   * @param failed periods whose last attempt failed
   * @param provisional periods that were not over when they were measured
   * @param stale periods that were fetched under another definition or time zone
   * @param quarantined rows that could not be typed, of windows that are not settled
   * @param restated periods that a later fetch changed
   * @param problem the newest failed attempt's period and reason; null if there is none
   * @param gaps the missing periods, as ranges of days
   * @param spans all periods from the first to the last, with neighbours of the same state combined
   * @param retired whether the API no longer lists the site or the event: {@code freshTo} is then
   *     its last day, and nothing is late or missing
   */
  public record Line(
      String report,
      String grouping,
      String site,
      @Nullable String event,
      @Nullable LocalDate first,
      @Nullable LocalDate freshTo,
      @Nullable Long daysBehind,
      long certified,
      long uncertified,
      long incomplete,
      long missing,
      long failed,
      long provisional,
      long stale,
      long nothing,
      long rows,
      long quarantined,
      long restated,
      @Nullable String problem,
      List<Gap> gaps,
      List<Span> spans,
      boolean retired) {

    /** Returns whether the line needs attention because it is not complete up to yesterday. */
    @JsonProperty
    public boolean attention() {
      return !retired
          && (daysBehind == null
              || daysBehind > 0
              || missing > 0
              || incomplete > 0
              || failed > 0
              || stale > 0
              || quarantined > 0);
    }
  }

  /** Days without a measurement, both ends included. */
  public record Gap(LocalDate first, LocalDate last) {
    @Override
    public String toString() {
      return first.equals(last) ? first.toString() : first + " .. " + last;
    }
  }

  /** Days of neighbouring periods in the same state, both ends included. */
  public record Span(LocalDate first, LocalDate last, PeriodState state) {}

  /** A row that could not be typed. */
  public record Quarantined(
      Instant at, String report, String site, @Nullable String event, String reason) {}

  /** A stored period that a later fetch changed. */
  public record Change(
      Instant at,
      String report,
      String site,
      @Nullable String event,
      LocalDate period,
      String measure,
      @Nullable Double before,
      @Nullable Double after) {}

  /**
   * How late a later fetch still changed a report's stored numbers: the basis for choosing a
   * look-back. Covers days and hours only, because a month that is not over always grows.
   *
   * @param days number of stored days (of a site or event) that changed
   * @param ages number of changed days by their age at the change, ascending; a day that changed
   *     twice counts at the later age
   * @param lastAt when the newest change was fetched
   * @param lookbackDays the pipeline's look-back
   * @param suggestedLookbackDays the smallest look-back that covers all known changes; one more
   *     than the pipeline's if changes occurred at its limit, since later ones may be missed
   */
  public record Moved(
      String report,
      long days,
      List<Age> ages,
      Instant lastAt,
      int lookbackDays,
      int suggestedLookbackDays) {}

  /**
   * An audit that found changed rows although the control had not changed.
   *
   * @param period the period that was fetched for the audit
   */
  public record FailedAudit(
      String site, String report, @Nullable String event, LocalDate period, Instant at) {}

  /**
   * The number of days that changed at one age.
   *
   * @param daysAfter days since the end of the day in the site's time zone; 1 is the day after
   * @param days number of changed days
   */
  public record Age(long daysAfter, long days) {}

  /**
   * One run, of any pipeline.
   *
   * @param took null while the run is in progress, and for good if it was killed
   */
  public record Run(
      String runId,
      String pipeline,
      String command,
      Instant startedAt,
      @Nullable Instant finishedAt,
      @Nullable Integer exitCode,
      @Nullable Duration took,
      long windowsPlanned,
      long windowsCommitted,
      long windowsIncomplete,
      long windowsFailed,
      long rows,
      long quarantined,
      long requests) {}

  /**
   * The use of the quota. Each request is billed as a pageview. Days are in UTC.
   *
   * @param source {@code counted}: every request of all runs that share the ledger's database;
   *     {@code runs}: the requests in the ledger's run records, so without runs that were killed
   * @param limitedThisMonth requests that were answered with 429; null if they are not counted
   * @param requestsPerMinute the quota
   * @param days the last 31 days, oldest first, each with its requests
   */
  public record Usage(
      String source,
      long requestsToday,
      long requestsThisMonth,
      @Nullable Long limitedThisMonth,
      int requestsPerMinute,
      List<DayUse> days) {}

  /** The requests of one day. */
  public record DayUse(LocalDate day, long requests) {}

  /**
   * Reads the overview from the sinks.
   *
   * @param account the account whose API the learned limits belong to
   */
  public static StatusOverview of(
      ExportJob job, Sinks sinks, Instant now, int requestsPerMinute, String account) {
    Map<String, Journal> journals = new HashMap<>();
    for (Report report : job.reports()) {
      // All sinks receive the same journal lines, so the first sink's journals suffice.
      journals.put(
          report.name(),
          new Journal(
              sinks.ledger().quarantined(report.name(), JOURNAL),
              sinks.ledger().restatements(report.name(), JOURNAL),
              sinks.ledger().journalCounts(report.name())));
    }
    Retired retired = Retired.of(job.name(), sinks);
    List<Line> lines = new ArrayList<>(Coverage.of(job, sinks, now, journals, retired));
    List<String> order = job.reports().stream().map(Report::name).toList();
    Set<String> all = new HashSet<>();
    Set<String> wanting = new HashSet<>();
    for (Line line : lines) {
      if (line.retired()) {
        continue;
      }
      all.add(line.site());
      if (line.attention()) {
        wanting.add(line.site());
      }
    }
    lines.sort(
        Comparator.comparing((Line line) -> !line.attention())
            .thenComparing(Line::site)
            .thenComparing(line -> order.indexOf(line.report()))
            .thenComparing(line -> line.event() == null ? "" : line.event()));
    return new StatusOverview(
        now,
        job.name(),
        all.size(),
        all.size() - wanting.size(),
        List.copyOf(lines),
        StaleRanges.of(job.reports(), job.sites().orElse(List.of()), sinks, Map.of(), retired),
        journals.values().stream()
            .flatMap(j -> j.quarantined().stream())
            .sorted(Comparator.comparing(QuarantinedRow::at).reversed())
            .limit(SHOWN)
            .map(
                q ->
                    new Quarantined(
                        q.at(),
                        q.report(),
                        q.slice().site().value(),
                        q.slice().event(),
                        q.reason()))
            .toList(),
        journals.values().stream()
            .flatMap(j -> j.restated().stream())
            .sorted(Comparator.comparing(Restatement::at).reversed())
            .limit(SHOWN)
            .map(StatusOverview::change)
            .toList(),
        job.reports().stream().flatMap(r -> moved(job, sinks, journals, r).stream()).toList(),
        failedAudits(job, sinks),
        sinks.ledger().runs(RUNS).stream().map(StatusOverview::run).toList(),
        usage(sinks, LocalDate.ofInstant(now, ZoneOffset.UTC), requestsPerMinute),
        ApiLesson.of(sinks.ledger().learned(), account),
        damaged(job, sinks));
  }

  private static List<String> damaged(ExportJob job, Sinks sinks) {
    List<String> damaged = new ArrayList<>();
    for (Report report : job.reports()) {
      for (Sink sink : sinks.all()) {
        damaged.addAll(sink.damages(report, List.of(), ANY_DAY));
      }
    }
    return List.copyOf(damaged);
  }

  /**
   * The newest lines of a report's journals, and the number of lines per slice. The counts are
   * separate because newer lines of other slices can displace those of a slice.
   */
  record Journal(
      List<QuarantinedRow> quarantined,
      List<Restatement> restated,
      Map<Slice, JournalCount> counts) {
    JournalCount count(Slice slice) {
      return counts.getOrDefault(slice, JournalCount.NONE);
    }
  }

  private static Change change(Restatement r) {
    return new Change(
        r.at(),
        r.report(),
        r.slice().site().value(),
        r.slice().event(),
        r.period(),
        r.measure(),
        r.before(),
        r.after());
  }

  /** Returns one item per site, however many sinks record it. */
  private static List<FailedAudit> failedAudits(ExportJob job, Sinks sinks) {
    Map<String, FailedAudit> bySite = new TreeMap<>();
    for (Audit audit : sinks.audits()) {
      SiteId site = audit.slice().site();
      if (!audit.agreed() && job.sites().map(ids -> ids.contains(site)).orElse(true)) {
        bySite.putIfAbsent(
            site.value(),
            new FailedAudit(
                site.value(), audit.report(), audit.slice().event(), audit.period(), audit.at()));
      }
    }
    return List.copyOf(bySite.values());
  }

  private static Optional<Moved> moved(
      ExportJob job, Sinks sinks, Map<String, Journal> journals, Report report) {
    if (report.dateGrouping() != DateGrouping.DAY && report.dateGrouping() != DateGrouping.HOUR) {
      return Optional.empty();
    }
    List<Restatement> journal =
        journals
            .getOrDefault(report.name(), new Journal(List.of(), List.of(), Map.of()))
            .restated();
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
    // A look-back of n days fetches yesterday, which is one day old, and the n days before it.
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
    Instant finished = r.finishedAt();
    return new Run(
        r.runId(),
        r.pipeline(),
        r.command(),
        r.startedAt(),
        finished,
        r.exitCode(),
        finished == null ? null : Duration.between(r.startedAt(), finished),
        r.windowsPlanned(),
        r.windowsCommitted(),
        r.windowsIncomplete(),
        r.windowsFailed(),
        r.rows(),
        r.quarantined(),
        r.requests());
  }

  private static Usage usage(Sinks sinks, LocalDate today, int requestsPerMinute) {
    LocalDate from = today.minusDays(USAGE_DAYS - 1L);
    LocalDate month = today.withDayOfMonth(1);
    List<RequestCount> counts = sinks.ledger().requestCounts(from);
    Map<LocalDate, Long> requests = new TreeMap<>();
    from.datesUntil(today.plusDays(1)).forEach(day -> requests.put(day, 0L));
    // Days before the first counted one are known from their run records.
    LocalDate counted =
        counts.stream().map(RequestCount::day).min(LocalDate::compareTo).orElse(LocalDate.MAX);
    for (RunRecord run : sinks.ledger().runs(RUNS_OF_A_MONTH)) {
      LocalDate day = LocalDate.ofInstant(run.startedAt(), ZoneOffset.UTC);
      if (day.isBefore(counted)) {
        requests.computeIfPresent(day, (d, n) -> n + run.requests());
      }
    }
    counts.forEach(c -> requests.computeIfPresent(c.day(), (d, n) -> n + c.requests()));
    return new Usage(
        counts.isEmpty() ? "runs" : "counted",
        requests.getOrDefault(today, 0L),
        requests.entrySet().stream()
            .filter(e -> !e.getKey().isBefore(month))
            .mapToLong(Map.Entry::getValue)
            .sum(),
        counts.isEmpty()
            ? null
            : Long.valueOf(
                counts.stream()
                    .filter(c -> !c.day().isBefore(month))
                    .mapToLong(RequestCount::limited)
                    .sum()),
        requestsPerMinute,
        requests.entrySet().stream().map(e -> new DayUse(e.getKey(), e.getValue())).toList());
  }
}
