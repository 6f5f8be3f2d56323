package fathomexport.plan;

import fathomexport.report.Digests;
import fathomexport.report.SiteId;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.Map;
import java.util.Set;

/**
 * For which reports and sites a control may confirm the look-back, and when that is audited.
 *
 * @param reports names of the reports whose look-back is always fetched, as configured in the
 *     pipeline
 * @param sites sites whose look-back is always fetched, since an audit found rows that had changed
 *     although the control had not
 * @param audited when each site was last audited
 */
public record Lookback(Set<String> reports, Set<SiteId> sites, Map<SiteId, Instant> audited) {
  private static final int WEEK = 7;

  /** Confirms the look-back wherever a control can; no site has been audited. */
  public static final Lookback CONFIRMED = new Lookback(Set.of(), Set.of(), Map.of());

  public Lookback {
    reports = Set.copyOf(reports);
    sites = Set.copyOf(sites);
    audited = Map.copyOf(audited);
  }

  /**
   * Returns the number of the site's week that contains a day. The weeks of sites begin on
   * different days, so that their audits are spread over the nights.
   */
  static long week(SiteId site, LocalDate day) {
    return Math.floorDiv(day.toEpochDay() + shift(site), WEEK);
  }

  private static long shift(SiteId site) {
    return Long.remainderUnsigned(
        Long.parseUnsignedLong(Digests.hex("audit", site.value()), 16), WEEK);
  }

  /** Returns whether a site has not been audited in the week of this day. */
  boolean auditIsDue(SiteId site, LocalDate day, ZoneId zone) {
    Instant last = audited.get(site);
    return last == null || week(site, last.atZone(zone).toLocalDate()) < week(site, day);
  }
}
