package fathomexport.sink;

import fathomexport.report.DayRange;
import fathomexport.report.Program;
import fathomexport.report.SiteId;
import fathomexport.report.rows.DamagedRowsException;
import java.time.LocalDate;
import java.util.Collection;
import java.util.List;
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

  /** Returns the same damage, of a report that has another name than its files. */
  public Damage of(String present) {
    return new Damage(what, remedy, lost, present, site, days);
  }

  /**
   * Returns the message of a run without what it says to do about damage, which may be mended by
   * now: the remedy would move away what is whole.
   */
  public static String withoutRemedy(String message) {
    for (String remedy : List.of(DamagedRowsException.MOVE_AWAY, DamagedRowsException.REMOVE)) {
      int begin = message.indexOf(": " + remedy);
      if (begin >= 0) {
        return message.substring(0, begin)
            + "; if that is still so, a separate line says what to do";
      }
    }
    return message;
  }

  /** Returns whether the day of a site is stored there. */
  public boolean covers(SiteId whose, LocalDate day) {
    return whose.equals(site) && days != null && days.contains(day);
  }

  /**
   * Describes damage of which no command can fetch the rows again, since the API no longer lists
   * the site.
   */
  public String wordsOfRetired() {
    return lost
        ? what
            + ": restore it from a backup, since the API no longer lists the site, so that its days"
            + " cannot be exported again"
        : words("", List.of());
  }

  /**
   * Describes the damage, with all that a person has to do, in this order.
   *
   * @param stored which of its days are known to have been stored, such as from another sink; empty
   *     if none are
   */
  public String words(String pipeline, Collection<DayRange> stored) {
    if (!lost) {
      return what + ": " + remedy + ". Until then its days count as not stored";
    }
    List<DayRange> known = DayRange.union(stored);
    DayRange again = known.isEmpty() ? days : known.get(0).span(known.get(known.size() - 1));
    return what
        + ": "
        + remedy
        + ", and then export its days again"
        + (known.size() == 1 || again == null
            ? ""
            : " (this also fetches those that were never stored)")
        + " with: "
        + Program.command("backfill " + pipeline)
        + (site == null ? "" : " --site " + site)
        + " --report "
        + report
        + (again == null
            ? " --from FIRST --to LAST"
            : " --from " + again.first() + " --to " + again.last())
        + " --force";
  }
}
