package fathomexport.pipeline;

import fathomexport.report.Report;
import fathomexport.report.SiteId;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A pipeline as it was resolved: which reports, over which sites, into which sinks.
 *
 * @param sites empty means all that the token may list
 * @param maxEvents most events of a site that reports on all events ask for; null when nobody has
 *     said so
 */
public record ExportJob(
    String name,
    List<Report> reports,
    Optional<List<SiteId>> sites,
    int lookbackDays,
    @Nullable Integer maxEvents,
    boolean toPostgres,
    boolean toParquet) {
  public ExportJob {
    reports = List.copyOf(reports);
    sites = sites.map(List::copyOf);
  }

  /** The same sites and sinks. */
  ExportJob withoutReports() {
    return new ExportJob(name, List.of(), sites, lookbackDays, maxEvents, toPostgres, toParquet);
  }
}
