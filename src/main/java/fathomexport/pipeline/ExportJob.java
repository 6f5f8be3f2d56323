package fathomexport.pipeline;

import fathomexport.report.Report;
import fathomexport.report.SiteId;
import java.util.List;
import java.util.Optional;

/**
 * A pipeline as it was resolved: which reports, over which sites, into which sinks.
 *
 * @param sites empty means all that the token may list
 */
public record ExportJob(
    String name,
    List<Report> reports,
    Optional<List<SiteId>> sites,
    int lookbackDays,
    boolean toPostgres,
    boolean toParquet) {
  public ExportJob {
    reports = List.copyOf(reports);
    sites = sites.map(List::copyOf);
  }

  /** The same sites and sinks. */
  ExportJob withoutReports() {
    return new ExportJob(name, List.of(), sites, lookbackDays, toPostgres, toParquet);
  }
}
