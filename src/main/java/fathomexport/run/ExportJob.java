package fathomexport.run;

import fathomexport.report.ExpectBy;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
    Map<String, String> renamed) {
  public ExportJob {
    reports = List.copyOf(reports);
    sites = sites.map(List::copyOf);
    fetched = Set.copyOf(fetched);
    renamed = Map.copyOf(renamed);
  }

  /** Creates a job whose runs have no set time, and whose reports have their first names. */
  public ExportJob(
      String name,
      List<Report> reports,
      Optional<List<SiteId>> sites,
      int lookbackDays,
      @Nullable Integer maxEvents,
      boolean toPostgres,
      boolean toParquet,
      Set<String> fetched) {
    this(name, reports, sites, lookbackDays, maxEvents, toPostgres, toParquet, fetched, null, Map.of());
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
        expectBy,
        Map.of());
  }

  /** Returns a job without the reports of these names. */
  public ExportJob without(Set<String> names) {
    Map<String, String> left = new HashMap<>(renamed);
    left.keySet().removeAll(names);
    return new ExportJob(
        name,
        reports.stream().filter(r -> !names.contains(r.name())).toList(),
        sites,
        lookbackDays,
        maxEvents,
        toPostgres,
        toParquet,
        fetched,
        expectBy,
        left);
  }
}
