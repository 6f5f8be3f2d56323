package fathomexport.plan;

import fathomexport.report.Digests;
import fathomexport.report.SiteId;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.Map;
import java.util.Set;

/**
 * Whose look-back a control may confirm, and when that is put to the test.
 *
 * @param reports names of reports whose look-back is fetched, as the pipeline says
 * @param sites whose look-back is fetched, since an audit found rows that had changed although the
 *     control had not
 * @param audited when each site was audited last
 */
public record Lookback(Set<String> reports, Set<SiteId> sites, Map<SiteId, Instant> audited) {
  private static final int WEEK = 7;

  /** Confirmed wherever a control can, and never audited. */
  public static final Lookback CONFIRMED = new Lookback(Set.of(), Set.of(), Map.of());

  public Lookback {
    reports = Set.copyOf(reports);
    sites = Set.copyOf(sites);
    audited = Map.copyOf(audited);
  }

  /**
   * The week of a site that a day is in. Sites begin theirs on different days, so that their audits
   * are spread over the nights.
   */
  static long week(SiteId site, LocalDate day) {
    return Math.floorDiv(day.toEpochDay() + shift(site), WEEK);
  }

  private static long shift(SiteId site) {
    return Long.remainderUnsigned(
        Long.parseUnsignedLong(Digests.hex("audit", site.value()), 16), WEEK);
  }

  /** Whether a site has not been audited in the week of this day. */
  boolean auditIsDue(SiteId site, LocalDate day, ZoneId zone) {
    Instant last = audited.get(site);
    return last == null || week(site, last.atZone(zone).toLocalDate()) < week(site, day);
  }
}
