package fathomexport.sink;

import fathomexport.report.Report;
import fathomexport.report.SiteId;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Collection;
import java.util.Set;

/**
 * The removal of a report's periods that are older than its pipeline keeps.
 *
 * @param sites the sites; empty for all
 * @param firstDay the first day that is kept: of a month, or of a year for reports by month or year
 * @param runId the run that removes them
 */
public record Removal(
    Report report, Set<SiteId> sites, LocalDate firstDay, String runId, Instant at) {
  public Removal(
      Report report, Collection<SiteId> sites, LocalDate firstDay, String runId, Instant at) {
    this(report, Set.copyOf(sites), firstDay, runId, at);
  }

  public Removal {
    sites = Set.copyOf(sites);
  }

  /** Returns whether the removal concerns a site. */
  public boolean covers(SiteId site) {
    return sites.isEmpty() || sites.contains(site);
  }

  /**
   * What was removed.
   *
   * @param periods the number of ledger entries
   */
  public record Removed(long periods, long rows) {
    public static final Removed NOTHING = new Removed(0, 0);

    public Removed plus(Removed other) {
      return new Removed(periods + other.periods, rows + other.rows);
    }
  }
}
