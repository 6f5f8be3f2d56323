package fathomexport.plan;

import fathomexport.report.SiteId;
import java.time.LocalDate;
import java.util.List;

/**
 * Periods between the first stored day and the look-back that a sink lacks and that lie further
 * back than a run fills holes. Only a backfill fetches them.
 *
 * @param periods number of periods, over all reports, sites and events
 * @param first first missing day
 * @param last last missing day
 * @param holes the missing days, one item per report, site, event and gap
 */
public record Missing(long periods, LocalDate first, LocalDate last, List<Hole> holes) {
  public Missing {
    holes = List.copyOf(holes);
  }

  /** Missing days of a report and site, without a gap between them. */
  public record Hole(String report, SiteId site, LocalDate first, LocalDate last, long periods) {}
}
