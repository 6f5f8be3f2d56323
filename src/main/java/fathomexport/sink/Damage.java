package fathomexport.sink;

import fathomexport.report.DayRange;
import fathomexport.report.Program;
import fathomexport.report.SiteId;
import fathomexport.report.rows.DamagedRowsException;
import java.time.LocalDate;
import org.jspecify.annotations.Nullable;

/**
 * A part of a report's stored data that cannot be used.
 *
 * @param what the damage and its place
 * @param remedy what to do first
 * @param lost whether rows must be exported again after that
 * @param site null if it is not known
 * @param days the days that are stored together; null if they are not known
 */
public record Damage(
    String what,
    String remedy,
    boolean lost,
    String report,
    @Nullable SiteId site,
    @Nullable DayRange days) {

  /** Returns the damage that reading a report's rows has met. */
  public static Damage of(
      DamagedRowsException e, String report, @Nullable SiteId site, @Nullable DayRange days) {
    return new Damage(e.what(), e.remedy(), e.lost(), report, site, days);
  }

  /** Returns whether the day of a site is stored there. */
  public boolean covers(SiteId whose, LocalDate day) {
    return whose.equals(site) && days != null && days.contains(day);
  }

  /** Describes the damage, with all that a person has to do, in this order. */
  public String words(String pipeline) {
    if (!lost) {
      return what + ": " + remedy + ". Until then its days count as not stored";
    }
    return what
        + ": "
        + remedy
        + ", and then export its days again with: "
        + Program.command("backfill")
        + " "
        + pipeline
        + (site == null ? "" : " --site " + site)
        + " --report "
        + report
        + (days == null
            ? " --from FIRST --to LAST"
            : " --from " + days.first() + " --to " + days.last())
        + " --force";
  }
}
