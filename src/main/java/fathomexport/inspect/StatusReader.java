package fathomexport.inspect;

import fathomexport.dimension.Dimensions;
import fathomexport.dimension.SiteRow;
import fathomexport.fetch.limits.ApiLesson;
import fathomexport.ledger.Audit;
import fathomexport.ledger.QuarantinedRow;
import fathomexport.ledger.Restatement;
import fathomexport.ledger.RunRecord;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.Account;
import fathomexport.run.BackfillCommands;
import fathomexport.run.ExportJob;
import fathomexport.run.NewSites;
import fathomexport.run.Renewal;
import fathomexport.run.StaleRange;
import fathomexport.run.UnlistedSite;
import fathomexport.sink.Sink;
import fathomexport.sink.SinkException;
import fathomexport.sinks.DamagedDays;
import fathomexport.sinks.Sinks;
import fathomexport.sinks.UnrecordedRuns;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
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

/** Reads the state of a pipeline's data from its sinks. */
public final class StatusReader {
  /**
   * Any day that can be stored: years before 1970 have no web data, and paths have four digits for
   * the year.
   */
  private static final DayRange ANY_DAY =
      new DayRange(LocalDate.of(1970, 1, 1), LocalDate.of(9999, 12, 31));

  private static final Logger LOG = LoggerFactory.getLogger(StatusReader.class);
  private static final int SHOWN = 50;

  private StatusReader() {}

  /**
   * Reads the overview from the sinks.
   *
   * @param now the time for which the state is asked
   * @param clock the time that it is: days that end later cannot have been measured
   * @param accounts whose learned limits are shown
   * @param unrecorded runs that are not in the ledger yet
   * @param maxRangeDays how far back a run fills holes
   * @param allSites whether the pipeline exports every site that the API lists
   * @param firstKept the first day that is kept, by the names of reports that are not kept for ever
   * @param elsewhere the reports of other pipelines, by pipeline
   * @param orphans returns the stored reports that no pipeline defines
   */
  public static StatusOverview read(
      ExportJob job,
      Sinks sinks,
      Instant now,
      Instant clock,
      int maxRangeDays,
      boolean allSites,
      List<Account> accounts,
      UnrecordedRuns unrecorded,
      Map<String, LocalDate> firstKept,
      Map<String, List<Report>> elsewhere,
      Supplier<List<String>> orphans) {
    Map<String, Journal> journals = new HashMap<>();
    job.reports().forEach(report -> journals.put(report.name(), Journal.of(report, sinks)));
    List<RunRecord> wholeRuns =
        unrecorded.with(
            sinks.ledger().runs(job.name(), Set.of(RunRecord.RUN), Expectation.RUNS).stream()
                .filter(r -> !r.limited())
                .toList(),
            r -> r.pipeline().equals(job.name()) && r.command().equals(RunRecord.RUN));
    Expectation expectation = new Expectation(job.expectBy(), wholeRuns);
    boolean hasSucceeded = hasSucceeded(job, sinks);
    Optional<RunRecord> lastGood = lastGood(wholeRuns);
    Retired retired = Retired.of(job.name(), sinks);
    List<String> unreadable = new ArrayList<>();
    Dimensions known = known(job, sinks, unreadable);
    ListedSlices listed = new ListedSlices(job, known, retired);
    StoredStretches stored =
        StoredStretches.of(job.reports(), job.sites().orElse(List.of()), sinks);
    SiteZones ofSites = SiteZones.of(known);
    Coverage coverage = Coverage.of(job, sinks, stored, ofSites, firstKept);
    BackfillCommands.Scope scope = StoredScope.of(job, coverage, retired);
    SinkDifferences differences = new SinkDifferences(coverage, retired, scope);
    CoverageLines ofCoverage =
        new CoverageLines(
            job,
            now,
            clock,
            coverage,
            expectation,
            retired,
            listed,
            hasSucceeded,
            lastGood.orElse(null));
    List<StatusOverview.Line> lines = new ArrayList<>(ofCoverage.lines(journals));
    List<String> order = job.reports().stream().map(Report::name).toList();
    Set<String> all = new HashSet<>();
    Set<String> wanting = new HashSet<>();
    for (StatusOverview.Line line : lines) {
      if (line.retired()) {
        continue;
      }
      all.add(line.site());
      if (line.attention() || line.neverStored()) {
        wanting.add(line.site());
      }
    }
    Map<String, String> siteNames = ofSites(known, SiteRow::name);
    Map<String, String> siteAccounts =
        accounts.stream().anyMatch(Account::isNamed) ? ofSites(known, SiteRow::account) : Map.of();
    List<String> unstored = new ArrayList<>(UnstoredReports.of(job, sinks, lines));
    if (ofCoverage.isBegun()) {
      listed.sites().forEach(site -> all.add(site.value()));
      UnreadLists unread =
          UnreadLists.of(
              job,
              listed,
              coverage,
              allSites,
              hasSucceeded,
              messages(wholeRuns),
              accounts,
              siteNames,
              siteAccounts);
      wanting.addAll(unread.sites());
      unstored.addAll(unread.words());
      unstored.addAll(unreadable);
    }
    lines.sort(
        Comparator.comparing((StatusOverview.Line line) -> !line.attention())
            .thenComparing(StatusOverview.Line::site)
            .thenComparing(line -> order.indexOf(line.report()))
            .thenComparing(line -> line.event() == null ? "" : line.event()));
    Map<SiteId, ZoneId> zones = coverage.zones().known();
    List<StaleRange> stale = StaleRanges.of(job.reports(), stored, ofSites.listed(), retired);
    List<UnlistedSite> unlisted =
        allSites ? UnlistedSites.of(job, known, retired, wholeRuns) : List.of();
    return new StatusOverview(
        now,
        job.name(),
        all.size(),
        (int) all.stream().filter(site -> !wanting.contains(site)).count(),
        lastGood.map(RunRecord::startedAt).orElse(null),
        lines.stream()
            .filter(line -> line.due() > 0)
            .flatMap(line -> Stream.ofNullable(line.lateFrom()))
            .max(Comparator.naturalOrder())
            .orElse(null),
        List.copyOf(lines),
        stale,
        Renewal.of(stale, scope, siteNames),
        journals.values().stream()
            .flatMap(j -> j.quarantined().stream())
            .sorted(Comparator.comparing(QuarantinedRow::at).reversed())
            .limit(SHOWN)
            .map(
                q ->
                    new StatusOverview.Quarantined(
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
            .map(StatusReader::change)
            .toList(),
        job.reports().stream()
            .flatMap(
                r ->
                    LateChanges.of(
                        r,
                        Objects.requireNonNull(journals.get(r.name())).restated(),
                        zones,
                        job.lookbackDays())
                        .stream())
            .toList(),
        failedAudits(job, sinks),
        RunLines.runs(job, sinks, unrecorded),
        RunLines.snapshots(job, sinks),
        QuotaUse.of(sinks, LocalDate.ofInstant(now, ZoneOffset.UTC), accounts),
        ApiLesson.of(sinks.ledger().learned(), accounts),
        differences.lagging(sinks),
        differences.differing(),
        differences.differingCommands(),
        VerifiedDifferences.of(job, sinks, retired, scope, firstKept),
        SampleComparison.of(job, sinks, now),
        damaged(job, sinks, retired),
        orphans.get(),
        sinks.notRenamedYet(),
        List.copyOf(unstored),
        unlisted,
        BeyondReach.of(job, maxRangeDays, now, coverage, lines, scope),
        newSites(job, sinks, known, retired, unlisted, now, firstKept),
        TwoTimes.of(job, elsewhere, sinks, retired, now),
        siteNames,
        siteAccounts);
  }

  /** Returns whether an export of the whole pipeline has, so that it has read all lists. */
  private static boolean hasSucceeded(ExportJob job, Sinks sinks) {
    return sinks.ledger().runs(job.name(), RunRecord.EXPORTS, Expectation.RUNS).stream()
        .anyMatch(run -> !run.limited() && Objects.equals(run.exitCode(), 0));
  }

  /** Returns what the newest of some runs that have ended has reported. */
  private static List<String> messages(List<RunRecord> runs) {
    return runs.stream()
        .filter(run -> run.exitCode() != null)
        .findFirst()
        .map(RunRecord::messages)
        .orElse(List.of());
  }

  /** Returns the newest of these runs that succeeded. */
  private static Optional<RunRecord> lastGood(List<RunRecord> runs) {
    return runs.stream().filter(run -> Objects.equals(run.exitCode(), 0)).findFirst();
  }

  /**
   * Reads what is known of sites and events from the first sink that can be read.
   *
   * @param unreadable receives why not, in a line for people, if none can be read
   */
  private static Dimensions known(ExportJob job, Sinks sinks, List<String> unreadable) {
    String why = "";
    for (Sink sink : sinks.all()) {
      try {
        return sink.dimensions().read(job.name());
      } catch (SinkException e) {
        why = String.valueOf(e.getMessage());
        LOG.warn("the tables of sites and events cannot be read: {}", why);
      }
    }
    unreadable.add(
        "whether sites or events lack rows here is not known, since the tables of sites and events"
            + " cannot be read: "
            + why);
    return Dimensions.EMPTY;
  }

  /** Returns one thing about all sites of which it is known. */
  private static Map<String, String> ofSites(
      Dimensions known, Function<SiteRow, @Nullable String> what) {
    Map<String, String> all = new TreeMap<>();
    known
        .sites()
        .forEach(
            (id, row) -> {
              String value = what.apply(row);
              if (value != null) {
                all.put(id.value(), value);
              }
            });
    return Collections.unmodifiableMap(all);
  }

  private static @Nullable NewSites newSites(
      ExportJob job,
      Sinks sinks,
      Dimensions known,
      Retired retired,
      List<UnlistedSite> unlisted,
      Instant now,
      Map<String, LocalDate> firstKept) {
    try {
      return UnfetchedHistory.of(job, sinks, known, retired, unlisted, now, firstKept);
    } catch (SinkException e) {
      LOG.warn("which sites are new cannot be read: {}", e.getMessage());
      return null;
    }
  }

  private static List<String> damaged(ExportJob job, Sinks sinks, Retired retired) {
    List<String> damaged = new ArrayList<>();
    for (Report report : job.reports()) {
      for (Sink sink : sinks.all()) {
        sink.damages(report, List.of(), ANY_DAY).stream()
            .map(
                damage ->
                    damage.site() != null && retired.covers(new Slice(damage.site(), null))
                        ? damage.wordsOfRetired()
                        : DamagedDays.words(damage, job.name(), sinks))
            .forEach(damaged::add);
      }
    }
    return List.copyOf(damaged);
  }

  private static StatusOverview.ChangedPeriod change(Restatement r) {
    return new StatusOverview.ChangedPeriod(
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
  private static List<StatusOverview.FailedAudit> failedAudits(ExportJob job, Sinks sinks) {
    Map<String, StatusOverview.FailedAudit> bySite = new TreeMap<>();
    for (Audit audit : sinks.audits()) {
      SiteId site = audit.slice().site();
      if (!audit.agreed() && job.sites().map(ids -> ids.contains(site)).orElse(true)) {
        bySite.putIfAbsent(
            site.value(),
            new StatusOverview.FailedAudit(
                site.value(), audit.report(), audit.slice().event(), audit.period(), audit.at()));
      }
    }
    return List.copyOf(bySite.values());
  }
}
