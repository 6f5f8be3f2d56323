package fathomexport.inspect;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import fathomexport.fetch.limits.ApiLesson;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.DifferenceCause;
import fathomexport.run.BackfillCommands;
import fathomexport.run.MissingRange;
import fathomexport.run.NewSites;
import fathomexport.run.Renewal;
import fathomexport.run.SiteNames;
import fathomexport.run.StaleRange;
import fathomexport.run.UnlistedSite;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The state of a pipeline's data: what is stored, up to which day, and how well it is certified.
 *
 * @param at when the state was read
 * @param sites number of sites that have stored data, that the pipeline names or that the API lists
 *     to it, without retired ones
 * @param sitesComplete number of these for which every report is stored as far as a run could have
 *     fetched it, without a gap, complete and under the pipeline's present definition
 * @param lastGoodRun when the newest run of all sites and reports began that succeeded; null if
 *     none has
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
 * @param verified what verifications found to differ and nothing has mended since
 * @param samplesLacking sinks that lack samples of the last 31 days which other sinks have
 * @param damaged files that cannot be read, each with what to do about it; their content counts as
 *     missing
 * @param orphans stored reports that no pipeline defines, each with what to do about it
 * @param notRenamedYet reports that are stored under earlier names, as lines for people
 * @param unstored reports of which nothing is stored although others are, and sites of which it is
 *     not known whether there is anything to store, each with what to do
 * @param unlisted sites that runs leave out because the API no longer lists them, although they are
 *     not retired
 * @param beyondReach what is missing and no run fills, because it lies too far back; null if
 *     nothing is
 * @param newSites the sites that are new and whose history was not fetched; null if there are none
 * @param outdated months and years whose own number or whose days are older than a change of the
 *     other, and days of which two reports have other pageviews
 * @param siteNames the names of the sites by their ids, as far as a run has recorded them
 * @param siteAccounts the accounts of the sites by their ids, as far as a run has recorded them;
 *     empty where the settings configure none
 */
public record StatusOverview(
    Instant at,
    String pipeline,
    int sites,
    int sitesComplete,
    @Nullable Instant lastGoodRun,
    @Nullable Instant dueBy,
    List<Line> lines,
    List<StaleRange> stale,
    List<Renewal> renewals,
    List<Quarantined> quarantined,
    List<ChangedPeriod> restated,
    List<Moved> moved,
    List<FailedAudit> lookbackFetched,
    List<Run> runs,
    List<Run> snapshots,
    Usage usage,
    List<ApiLesson> learned,
    List<SinkLag> lagging,
    @Nullable Extent differing,
    List<BackfillCommands.Command> differingCommands,
    List<Verified> verified,
    List<SampleLag> samplesLacking,
    List<String> damaged,
    List<String> orphans,
    List<String> notRenamedYet,
    List<String> unstored,
    List<UnlistedSite> unlisted,
    @Nullable MissingRange beyondReach,
    @Nullable NewSites newSites,
    List<Outdated> outdated,
    Map<String, String> siteNames,
    @JsonInclude(JsonInclude.Include.NON_EMPTY) Map<String, String> siteAccounts) {
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
   * @param ahead days that are stored although they are not over by the present clock
   * @param lateFrom from when the site's yesterday is late, or has been; null if it is stored. If
   *     nothing is, from when that is late, where a run has first listed the site or event lately;
   *     otherwise null
   * @param missing periods between the first and the last that are not stored
   * @param failed periods whose last attempt failed
   * @param provisional periods that were not over when they were measured
   * @param stale periods that were fetched under another definition or time zone
   * @param differing periods of which the sinks hold different rows
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
      long ahead,
      @Nullable Instant lateFrom,
      long certified,
      long uncertified,
      long incomplete,
      long missing,
      long failed,
      long provisional,
      long stale,
      long differing,
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
     * they are not late; at least one if nothing is stored and that is not late.
     */
    @JsonProperty
    public long due() {
      return daysBehind != null ? daysBehind - late : lateFrom == null ? 0 : 1;
    }

    /** Returns whether nothing is stored of what is not retired. */
    public boolean neverStored() {
      return !retired && first == null;
    }

    /** Returns whether the line needs attention: days that are only due are no reason. */
    @JsonProperty
    public boolean attention() {
      return !retired
          && ((daysBehind == null && lateFrom == null)
              || late > 0
              || ahead > 0
              || missing > 0
              || incomplete > 0
              || failed > 0
              || stale > 0
              || differing > 0
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
  public record Extent(long periods, int reports, int sites, LocalDate first, LocalDate last) {
    /** Returns the extent of what is wanted, which is not empty. */
    static Extent of(List<BackfillCommands.Want> wants) {
      DayRange span = BackfillCommands.Want.span(wants);
      return new Extent(
          wants.stream().mapToLong(BackfillCommands.Want::periods).sum(),
          (int) wants.stream().map(w -> w.part().report()).distinct().count(),
          (int) wants.stream().map(w -> w.part().site()).distinct().count(),
          span.first(),
          span.last());
    }
  }

  /**
   * Periods of which a verification found that a sink's rows differ, and that nothing has mended
   * since.
   *
   * @param detail what to do, where that is more than exporting the periods again; otherwise null
   * @param commands the commands that export them again, at most three; none if there is a detail
   */
  public record Verified(
      String sink,
      DifferenceCause cause,
      @Nullable String detail,
      Extent extent,
      List<BackfillCommands.Command> commands) {}

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

  /**
   * A month or year, or days, of which one report has numbers from before a change that another
   * report has.
   *
   * @param report the report whose numbers are older: that of the whole, or that of its days
   * @param against the report that has the change
   * @param command the command that fetches the older numbers again; of days those of all reports
   *     that are compared, if one pipeline has both
   * @param ofDays whether both are reports by day or hour, some of whose days differ
   */
  public record Outdated(
      String report,
      String against,
      List<String> sites,
      LocalDate first,
      LocalDate last,
      String command,
      boolean ofDays) {
    public Outdated {
      sites = List.copyOf(sites);
    }
  }

  /** A row that could not be typed. */
  public record Quarantined(
      Instant at, String report, String site, @Nullable String event, String reason) {}

  /**
   * A stored period that a later fetch changed.
   *
   * @param reason {@code source}, {@code definition}, {@code zone} or {@code unit}; null if it was
   *     not recorded
   */
  public record ChangedPeriod(
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
   * @param continuation the command that continues a backfill that was stopped or killed; null
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
      @Nullable String problem,
      @Nullable String continuation) {}

  /**
   * The use of the quota. Each request is billed as a pageview. Days are in UTC.
   *
   * @param source {@code counted}: every request of all runs that share the ledger's database;
   *     {@code runs}: the requests in the ledger's run records, so without runs that were killed
   * @param limitedThisMonth requests that were answered with 429; null if they are not counted
   * @param requestsPerMinute the quota; of several accounts, the sum of theirs
   * @param quotas the quota of each account per minute, by its name; empty if the settings
   *     configure none
   * @param days the last 31 days, oldest first, each with its requests
   * @param requestsThisMonthByAccount the requests of each account that has sent any, by its name;
   *     empty if the settings configure none, or if requests are not counted
   */
  public record Usage(
      String source,
      long requestsToday,
      long requestsThisMonth,
      @Nullable Long limitedThisMonth,
      int requestsPerMinute,
      List<DayUse> days,
      @JsonInclude(JsonInclude.Include.NON_EMPTY) Map<String, Integer> quotas,
      @JsonInclude(JsonInclude.Include.NON_EMPTY) Map<String, Long> requestsThisMonthByAccount) {
    public Usage {
      requestsThisMonthByAccount =
          Collections.unmodifiableMap(new LinkedHashMap<>(requestsThisMonthByAccount));
      quotas = Collections.unmodifiableMap(new LinkedHashMap<>(quotas));
    }
  }

  /** The requests of one day. */
  public record DayUse(LocalDate day, long requests) {}

  /**
   * Returns the site's id with its name, if it has one that differs, behind its account, if there
   * are several.
   */
  public String named(String site) {
    return SiteNames.named(site, siteNames, siteAccounts);
  }
}
