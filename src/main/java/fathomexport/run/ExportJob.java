package fathomexport.run;

import fathomexport.report.Report;
import fathomexport.report.SiteId;
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
    List<Report> others,
    Selection selection) {
  public ExportJob {
    reports = List.copyOf(reports);
    sites = sites.map(List::copyOf);
    fetched = Set.copyOf(fetched);
    others = List.copyOf(others);
  }

  /** Creates a job that exports the whole pipeline. */
  public ExportJob(
      String name,
      List<Report> reports,
      Optional<List<SiteId>> sites,
      int lookbackDays,
      @Nullable Integer maxEvents,
      boolean toPostgres,
      boolean toParquet,
      Set<String> fetched) {
    this(
        name,
        reports,
        sites,
        lookbackDays,
        maxEvents,
        toPostgres,
        toParquet,
        fetched,
        List.of(),
        Selection.ALL);
  }

  /** Creates a job whose look-back is confirmed rather than fetched again. */
  public ExportJob(
      String name,
      List<Report> reports,
      Optional<List<SiteId>> sites,
      int lookbackDays,
      boolean toPostgres,
      boolean toParquet) {
    this(name, reports, sites, lookbackDays, null, toPostgres, toParquet, Set.of());
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
        List.of(),
        selection);
  }

  /** Returns all reports of the pipeline, those of this job first. */
  public List<Report> pipelineReports() {
    return Stream.concat(reports.stream(), others.stream()).toList();
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
    return new ExportJob(
        name,
        chosen.getOrDefault(true, List.of()),
        sites.map(ids -> part.sites().isEmpty() ? ids : part.sites()),
        lookbackDays,
        maxEvents,
        toPostgres,
        toParquet,
        fetched,
        chosen.getOrDefault(false, List.of()),
        part);
  }

  /** Returns the job for the sites that the user named, which are known to exist. */
  public ExportJob onlyNamedSites() {
    return selection.sites().isEmpty()
        ? this
        : new ExportJob(
            name,
            reports,
            Optional.of(selection.sites()),
            lookbackDays,
            maxEvents,
            toPostgres,
            toParquet,
            fetched,
            others,
            selection);
  }
}
