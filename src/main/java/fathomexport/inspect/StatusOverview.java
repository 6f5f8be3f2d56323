package fathomexport.inspect;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import fathomexport.dimension.SiteRow;
import fathomexport.fetch.ApiLesson;
import fathomexport.ledger.Audit;
import fathomexport.ledger.JournalCount;
import fathomexport.ledger.QuarantinedRow;
import fathomexport.ledger.RequestCount;
import fathomexport.ledger.Restatement;
import fathomexport.ledger.RestatementReason;
import fathomexport.ledger.RunRecord;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.Account;
import fathomexport.run.BackfillCommands;
import fathomexport.run.ExportJob;
import fathomexport.run.Left;
import fathomexport.run.RunRecords;
import fathomexport.run.RunSummary;
import fathomexport.run.StaleRange;
import fathomexport.sink.Sink;
import fathomexport.sink.SinkException;
import fathomexport.sinks.Sinks;
import fathomexport.sinks.UnrecordedRuns;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The state of a pipeline's data: what is stored, up to which day, and how well it is certified.
 *
 * @param at when the state was read
 * @param sites number of sites that have stored data or that the pipeline names, without retired
 *     ones
 * @param sitesComplete number of these for which every report is stored as far as a run could have
 *     fetched it, without a gap, complete and under the pipeline's present definition
 * @param dueBy when the last of the days that are still due is late; null if none is due
 * @param lines one per report and slice; those that need attention come first
 * @param stale ranges measured under another definition, or in another time zone than the site's
 *     newest
 * @param renewals the commands that renew the stale ranges, at most three
 * @param quarantined the newest rows that could not be typed, newest first
 * @param restated the newest changes of stored periods, newest first
 * @param moved how late numbers still changed, one item per report with changes
 * @param lookbackFetched sites whose look-back is fetched rather than confirmed, because an audit
 *     found changed rows although the control had not changed
 * @param runs the newest runs, newest first, also those that could not begin; without snapshots
 * @param snapshots the newest snapshots of the pipeline, newest first
 * @param learned limits of the API learned from its responses
 * @param lagging sinks that lack periods which other sinks have
 * @param differing the periods of which sinks hold different rows; null if there are none
 * @param differingCommands the commands that fetch them again, at most three
 * @param samplesLacking sinks that lack samples of the last 31 days which other sinks have
 * @param damaged files that cannot be read, each with what to do about it; their content counts as
 *     missing
 * @param orphans stored reports that no pipeline defines, each with what to do about it
 * @param siteNames the names of the sites by their ids, as far as a run has recorded them
 * @param siteAccounts the accounts of the sites by their ids, as far as a run has recorded them;
 *     empty where the settings configure none
 */
public record StatusOverview(
    Instant at,
    String pipeline,
    int sites,
    int sitesComplete,
    @Nullable Instant dueBy,
    List<Line> lines,
    List<StaleRange> stale,
    List<BackfillCommands.Renewal> renewals,
    List<Quarantined> quarantined,
    List<Change> restated,
    List<Moved> moved,
    List<FailedAudit> lookbackFetched,
    List<Run> runs,
    List<Run> snapshots,
    Usage usage,
    List<ApiLesson> learned,
    List<SinkLag> lagging,
    @Nullable Extent differing,
    List<BackfillCommands.Command> differingCommands,
    List<SampleLag> samplesLacking,
    List<String> damaged,
    List<String> orphans,
    Map<String, String> siteNames,
    @JsonInclude(JsonInclude.Include.NON_EMPTY) Map<String, String> siteAccounts) {
  /**
   * Any day that can be stored: years before 1970 have no web data, and paths have four digits for
   * the year.
   */
  private static final DayRange ANY_DAY =
      new DayRange(LocalDate.of(1970, 1, 1), LocalDate.of(9999, 12, 31));

  private static final Logger LOG = LoggerFactory.getLogger(StatusOverview.class);
  private static final int RUNS = 60;
  private static final int SNAPSHOTS = 5;

  /** The commands that the list of runs shows: not snapshots, of which there are too many. */
  private static final Set<String> LISTED =
      Set.of(RunRecord.RUN, RunRecord.BACKFILL, RunRecord.VERIFY);

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
   * @param late days that a run could have fetched and that are not stored: from the last stored
   *     day to the newest day that is late
   * @param lateFrom from when the site's yesterday is late, or has been; null if it is stored, or
   *     if nothing is
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
      long late,
      @Nullable Instant lateFrom,
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

    /**
     * Returns the number of days that have ended and that no run could have fetched yet, so that
     * they are not late.
     */
    @JsonProperty
    public long due() {
      return daysBehind == null ? 0 : daysBehind - late;
    }

    /** Returns whether the line needs attention: days that are only due are no reason. */
    @JsonProperty
    public boolean attention() {
      return !retired
          && (daysBehind == null
              || late > 0
              || missing > 0
              || incomplete > 0
              || failed > 0
              || stale > 0
              || quarantined > 0);
    }
  }

  /** Returns the number of periods in a state, over all lines of what is not retired. */
  public long periods(PeriodState state) {
    long periods = 0;
    for (Line line : lines) {
      if (line.retired()) {
        continue;
      }
      for (Span span : line.spans()) {
        if (span.state() == state) {
          periods += periods(line.grouping(), span);
        }
      }
    }
    return periods;
  }

  private static long periods(String grouping, Span span) {
    return grouping.equals(DateGrouping.NONE.apiName())
        ? 1
        : Arrays.stream(DateGrouping.values())
            .filter(g -> g.apiName().equals(grouping))
            .mapToLong(g -> new DayRange(span.first(), span.last()).periods(g).count())
            .sum();
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

  /**
   * How many periods something is about.
   *
   * @param first first day of the earliest of them
   * @param last last measured day of the latest of them
   */
  public record Extent(long periods, int reports, int sites, LocalDate first, LocalDate last) {}

  /**
   * A sink that lacks periods which other sinks have.
   *
   * @param others the names of the sinks that have them
   * @param retired whether they are of retired sites and events, so that no command fetches them
   * @param commands the commands that fetch them, at most three; none if they are retired
   */
  public record SinkLag(
      String sink,
      String others,
      Extent lacks,
      boolean retired,
      List<BackfillCommands.Command> commands) {}

  /**
   * A sink that lacks samples of current visitors which another sink has. The API does not report
   * them again.
   *
   * @param first first day with such a sample, in UTC
   */
  public record SampleLag(String sink, long samples, int sites, LocalDate first, LocalDate last) {}

  /** A row that could not be typed. */
  public record Quarantined(
      Instant at, String report, String site, @Nullable String event, String reason) {}

  /**
   * A stored period that a later fetch changed.
   *
   * @param reason {@code source}, {@code definition}, {@code zone} or {@code unit}; null if it was
   *     not recorded
   */
  public record Change(
      Instant at,
      String report,
      String site,
      @Nullable String event,
      LocalDate period,
      String measure,
      @Nullable Double before,
      @Nullable Double after,
      @Nullable String reason) {}

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
   * @param windowsCommitted of a run without an end, the windows that are stored so far
   * @param problem the first message of a run that failed, could not begin or was killed; null
   *     otherwise
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
      long escapedCells,
      long requests,
      @Nullable String problem) {}

  /**
   * The use of the quota. Each request is billed as a pageview. Days are in UTC.
   *
   * @param source {@code counted}: every request of all runs that share the ledger's database;
   *     {@code runs}: the requests in the ledger's run records, so without runs that were killed
   * @param limitedThisMonth requests that were answered with 429; null if they are not counted
   * @param requestsPerMinute the quota, of all accounts together
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
   * @param accounts whose learned limits are shown
   * @param unrecorded runs that are not in the ledger yet
   * @param firstKept the first day that is kept, by the names of reports that are not kept for ever
   * @param orphans returns the stored reports that no pipeline defines
   */
  public static StatusOverview of(
      ExportJob job,
      Sinks sinks,
      Instant now,
      List<Account> accounts,
      UnrecordedRuns unrecorded,
      Map<String, LocalDate> firstKept,
      Supplier<List<String>> orphans) {
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
    Expectation expectation =
        new Expectation(
            job.expectBy(),
            unrecorded.with(
                sinks.ledger().runs(job.name(), Set.of(RunRecord.RUN), Expectation.RUNS).stream()
                    .filter(r -> !r.limited())
                    .toList(),
                r -> r.pipeline().equals(job.name()) && r.command().equals(RunRecord.RUN)));
    Retired retired = Retired.of(job.name(), sinks);
    StoredStretches stored =
        StoredStretches.of(job.reports(), job.sites().orElse(List.of()), sinks);
    Coverage coverage = Coverage.of(job, sinks, stored, now, expectation, retired, firstKept);
    List<Line> lines = new ArrayList<>(coverage.lines(journals));
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
    Map<String, String> siteNames = known(sinks, SiteRow::name);
    List<StaleRange> stale = StaleRanges.of(job.reports(), stored, Map.of(), retired);
    return new StatusOverview(
        now,
        job.name(),
        all.size(),
        all.size() - wanting.size(),
        lines.stream()
            .filter(line -> line.due() > 0)
            .flatMap(line -> Stream.ofNullable(line.lateFrom()))
            .max(Comparator.naturalOrder())
            .orElse(null),
        List.copyOf(lines),
        stale,
        BackfillCommands.renewals(stale, coverage.scope(), siteNames),
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
        job.reports().stream()
            .flatMap(r -> moved(job, coverage.zones(), journals, r).stream())
            .toList(),
        failedAudits(job, sinks),
        unrecorded
            .with(sinks.ledger().runs(null, LISTED, RUNS), r -> LISTED.contains(r.verb()))
            .stream()
            .limit(RUNS)
            .map(r -> run(withCommitted(r, job, sinks)))
            .toList(),
        sinks.ledger().runs(job.name(), Set.of(RunRecord.SNAPSHOT), SNAPSHOTS).stream()
            .map(StatusOverview::run)
            .toList(),
        usage(
            sinks,
            LocalDate.ofInstant(now, ZoneOffset.UTC),
            accounts.stream().mapToInt(a -> a.api().requestsPerMinute()).sum()),
        ApiLesson.of(sinks.ledger().learned(), accounts),
        coverage.lagging(sinks),
        coverage.differing(),
        coverage.differingCommands(),
        SampleComparison.of(
            job, sinks, LocalDate.ofInstant(now, ZoneOffset.UTC).minusDays(USAGE_DAYS - 1L)),
        damaged(job, sinks),
        orphans.get(),
        siteNames,
        accounts.stream().anyMatch(Account::isNamed) ? known(sinks, SiteRow::account) : Map.of());
  }

  /**
   * Returns the site's id with its name, if it has one that differs, behind its account, if there
   * are several.
   */
  public String named(String site) {
    return BackfillCommands.named(site, siteNames, siteAccounts);
  }

  /** Reads what is known of all sites from the first sink that can be read. */
  private static Map<String, String> known(Sinks sinks, Function<SiteRow, @Nullable String> what) {
    for (Sink sink : sinks.all()) {
      try {
        Map<String, String> all = new TreeMap<>();
        sink.dimensions()
            .read("")
            .sites()
            .forEach(
                (id, row) -> {
                  String known = what.apply(row);
                  if (known != null) {
                    all.put(id.value(), known);
                  }
                });
        return Map.copyOf(all);
      } catch (SinkException e) {
        LOG.warn("the table of sites cannot be read: {}", e.getMessage());
      }
    }
    return Map.of();
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
        r.after(),
        r.reason() == null ? null : r.reason().label());
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
      ExportJob job, Map<SiteId, ZoneId> zones, Map<String, Journal> journals, Report report) {
    if (report.dateGrouping() != DateGrouping.DAY && report.dateGrouping() != DateGrouping.HOUR) {
      return Optional.empty();
    }
    // Changes of the report, such as a new filter, do not say how late the source moves.
    List<Restatement> journal =
        journals
            .getOrDefault(report.name(), new Journal(List.of(), List.of(), Map.of()))
            .restated()
            .stream()
            .filter(r -> r.reason() == RestatementReason.SOURCE)
            .toList();
    if (journal.isEmpty()) {
      return Optional.empty();
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

  /** Adds what a run of the pipeline without an end has committed so far. */
  private static RunRecord withCommitted(RunRecord run, ExportJob job, Sinks sinks) {
    return run.finishedAt() == null
            && run.pipeline().equals(job.name())
            && RunRecord.EXPORTS.contains(run.verb())
            && !RunRecords.isKilled(run)
        ? RunRecords.committed(
            run, sinks.committedBy(run.runId(), job.reports().stream().map(Report::name).toList()))
        : run;
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
        r.escapedCells(),
        r.requests(),
        problem(r));
  }

  /**
   * Returns why a run did not succeed: its first failure, or what it has left if it only ended
   * early.
   */
  private static @Nullable String problem(RunRecord run) {
    if (Objects.equals(run.exitCode(), 0)) {
      return null;
    }
    if (run.exitCode() == null) {
      return run.messages().stream()
          .filter(m -> m.startsWith(RunRecords.KILLED))
          .findFirst()
          .orElse(null);
    }
    return run.messages().stream()
        .filter(m -> !RunSummary.isNotFetched(m) && !Left.isLeft(m))
        .findFirst()
        .or(() -> Left.in(run.messages()))
        .or(() -> run.messages().stream().findFirst())
        .orElse(null);
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
