package fathomexport.run;

import fathomexport.report.ExpectBy;
import fathomexport.report.Keep;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import java.time.Instant;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A resolved pipeline: which reports, for which sites, into which sinks.
 *
 * @param sites empty means all sites that the token can list
 * @param maxEvents maximum number of events per site that reports on all events query; null if it
 *     is not set
 * @param fetched names of the reports whose look-back is fetched again rather than confirmed
 * @param expectBy by when a nightly run should have fetched what has ended; null to derive it from
 *     earlier runs
 * @param renamed earlier names of reports, keyed by their present names
 * @param keep how long the periods of reports are kept, keyed by the reports' names
 * @param others the pipeline's reports that the command leaves alone. They are not exported, but
 *     control queries serve them, too, so that the stored control totals stay comparable
 * @param selection the part of the pipeline that the user named. Where the pipeline exports all
 *     sites, only the account's list shows whether the named ones exist
 */
public record ExportJob(
    String name,
    List<Report> reports,
    Optional<List<SiteId>> sites,
    int lookbackDays,
    @Nullable Integer maxEvents,
    boolean toPostgres,
    boolean toParquet,
    Set<String> fetched,
    @Nullable ExpectBy expectBy,
    Map<String, String> renamed,
    Map<String, Keep> keep,
    List<Report> others,
    Selection selection) {
  public ExportJob {
    reports = List.copyOf(reports);
    sites = sites.map(List::copyOf);
    fetched = Set.copyOf(fetched);
    renamed = Map.copyOf(renamed);
    keep = Map.copyOf(keep);
    others = List.copyOf(others);
  }

  /** Events per site that reports on all events query if the pipeline sets no limit. */
  public static final int EVENTS_BY_DEFAULT = 500;

  /** Creates a job that exports the whole pipeline, with the defaults of everything else. */
  public ExportJob(
      String name,
      List<Report> reports,
      Optional<List<SiteId>> sites,
      int lookbackDays,
      boolean toPostgres,
      boolean toParquet) {
    this(
        name,
        reports,
        sites,
        lookbackDays,
        null,
        toPostgres,
        toParquet,
        Set.of(),
        null,
        Map.of(),
        Map.of(),
        List.of(),
        Selection.ALL);
  }

  /** Returns the maximum number of events per site that reports on all events query. */
  public int mostEvents() {
    return maxEvents == null ? EVENTS_BY_DEFAULT : maxEvents;
  }

  /** Returns a job with the same sites and sinks, without reports. */
  public ExportJob withoutReports() {
    return new ExportJob(
        name,
        List.of(),
        sites,
        lookbackDays,
        maxEvents,
        toPostgres,
        toParquet,
        Set.of(),
        expectBy,
        Map.of(),
        Map.of(),
        List.of(),
        selection);
  }

  /**
   * Returns the first day that is kept, by the names of the pipeline's reports that are not kept
   * for ever.
   *
   * @param maxRangeDays how far back a run fills gaps
   */
  public Map<String, LocalDate> firstKept(Instant now, int maxRangeDays) {
    Map<String, LocalDate> firstDays = new HashMap<>();
    // What a run may fetch or confirm is kept: the look-back, and the gaps that it fills.
    int reach = Math.max(maxRangeDays, lookbackDays + 1);
    for (Report report : pipelineReports()) {
      Keep kept = keep.get(report.name());
      if (kept != null) {
        firstDays.put(report.name(), kept.firstDay(report.dateGrouping(), now, reach));
      }
    }
    return firstDays;
  }

  /** Returns all reports of the pipeline, those of this job first. */
  public List<Report> pipelineReports() {
    return Stream.concat(reports.stream(), others.stream()).toList();
  }

  /** Returns a job without the reports of these names. */
  public ExportJob without(Set<String> names) {
    Map<String, String> left = new HashMap<>(renamed);
    left.keySet().removeAll(names);
    return with(
        reports.stream().filter(r -> !names.contains(r.name())).toList(),
        sites,
        left,
        others.stream().filter(r -> !names.contains(r.name())).toList(),
        selection);
  }

  /**
   * Returns the job for the part of the pipeline that the user named.
   *
   * @throws ExportFailedException if the pipeline has no such report, or lists its sites and not
   *     these
   */
  public ExportJob only(Selection part) {
    part.requireReports(name, reports.stream().map(Report::name).toList());
    sites.ifPresent(
        ids ->
            part.requireSites(ids, "pipeline " + name + " does not export this site", "exports"));
    Map<Boolean, List<Report>> chosen =
        reports.stream()
            .collect(
                Collectors.partitioningBy(
                    r -> part.reports().isEmpty() || part.reports().contains(r.name())));
    return with(
        chosen.getOrDefault(true, List.of()),
        sites.map(ids -> part.sites().isEmpty() ? ids : part.sites()),
        renamed,
        chosen.getOrDefault(false, List.of()),
        part);
  }

  /** Returns the job for the sites that the user named, which are known to exist. */
  public ExportJob onlyNamedSites() {
    return selection.sites().isEmpty()
        ? this
        : with(reports, Optional.of(selection.sites()), renamed, others, selection);
  }

  private ExportJob with(
      List<Report> newReports,
      Optional<List<SiteId>> newSites,
      Map<String, String> newRenamed,
      List<Report> newOthers,
      Selection newSelection) {
    return new ExportJob(
        name,
        newReports,
        newSites,
        lookbackDays,
        maxEvents,
        toPostgres,
        toParquet,
        fetched,
        expectBy,
        newRenamed,
        keep,
        newOthers,
        newSelection);
  }
}
