package fathomexport.run;

import fathomexport.report.Report;
import fathomexport.report.SiteId;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A pipeline as it was resolved: which reports, over which sites, into which sinks.
 *
 * @param sites empty means all that the token may list
 * @param maxEvents most events of a site that reports on all events ask for; null when nobody has
 *     said so
 * @param fetched names of the reports whose look-back is fetched again, rather than confirmed
 */
public record ExportJob(
    String name,
    List<Report> reports,
    Optional<List<SiteId>> sites,
    int lookbackDays,
    @Nullable Integer maxEvents,
    boolean toPostgres,
    boolean toParquet,
    Set<String> fetched) {
  public ExportJob {
    reports = List.copyOf(reports);
    sites = sites.map(List::copyOf);
    fetched = Set.copyOf(fetched);
  }

  /** With a look-back that is confirmed. */
  public ExportJob(
      String name,
      List<Report> reports,
      Optional<List<SiteId>> sites,
      int lookbackDays,
      boolean toPostgres,
      boolean toParquet) {
    this(name, reports, sites, lookbackDays, null, toPostgres, toParquet, Set.of());
  }

  /** The same sites and sinks. */
  public ExportJob withoutReports() {
    return new ExportJob(
        name, List.of(), sites, lookbackDays, maxEvents, toPostgres, toParquet, Set.of());
  }
}
