package fathomexport.run;

import fathomexport.report.ExpectBy;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import java.util.List;
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
    @Nullable ExpectBy expectBy) {
  public ExportJob {
    reports = List.copyOf(reports);
    sites = sites.map(List::copyOf);
    fetched = Set.copyOf(fetched);
  }

  /** Creates a job without a time by which its runs are expected. */
  public ExportJob(
      String name,
      List<Report> reports,
      Optional<List<SiteId>> sites,
      int lookbackDays,
      @Nullable Integer maxEvents,
      boolean toPostgres,
      boolean toParquet,
      Set<String> fetched) {
    this(name, reports, sites, lookbackDays, maxEvents, toPostgres, toParquet, fetched, null);
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
        name, List.of(), sites, lookbackDays, maxEvents, toPostgres, toParquet, Set.of(), expectBy);
  }
}
