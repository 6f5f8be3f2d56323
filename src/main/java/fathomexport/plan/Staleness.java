package fathomexport.plan;

import fathomexport.report.DateGrouping;
import fathomexport.report.Report;
import fathomexport.report.Site;
import fathomexport.report.Slice;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableSet;

/** Compares what is stored with the report's definition and the site's time zone. */
final class Staleness {
  private Staleness() {}

  /**
   * Returns whether a period is complete and matches the report's definition and the site's zone.
   */
  static boolean current(Held held, Report report, Site site) {
    return held.complete() && !held.askAgain() && why(held, report, site).isEmpty();
  }

  /** Returns why a period is stale; empty if it is not. */
  static String why(Held held, Report report, Site site) {
    if (!held.definition().equals(report.definition())) {
      return "the report's definition changed";
    }
    String zone = held.zone();
    if (zone != null && site.zone() != null && !zone.equals(site.zone().getId())) {
      return "the site's zone changed from " + zone + " to " + site.zone().getId();
    }
    return "";
  }

  /**
   * Returns the ranges of stale periods that the plan does not renew. A range contains no period
   * that was never stored, because a backfill of the range would fetch it, too.
   */
  static List<Plan.Stale> ranges(
      PlanInputs inputs, Report report, Slice slice, Site site, NavigableSet<LocalDate> due) {
    List<Plan.Stale> ranges = new ArrayList<>();
    LocalDate next = null;
    boolean extend = false;
    for (Held held : inputs.holdingsOf(report).all(slice)) {
      extend &= held.period().equals(next);
      next =
          report.dateGrouping() == DateGrouping.NONE
              ? null
              : report.dateGrouping().periodEnd(held.period()).plusDays(1);
      String reason = why(held, report, site);
      // Periods before the site can have data cannot be renewed.
      if (!reason.isEmpty()
          && !held.period().isBefore(inputs.firstKept(report))
          && !due.contains(held.period())
          && !held.coversTo().isBefore(site.firstDay())) {
        extend = extend && ranges.get(ranges.size() - 1).why().equals(reason);
        Plan.Stale before = extend ? ranges.remove(ranges.size() - 1) : null;
        ranges.add(
            new Plan.Stale(
                report.name(),
                site.id(),
                before == null ? held.period() : before.first(),
                held.coversTo(),
                before == null ? 1 : before.periods() + 1,
                reason));
        extend = true;
      }
    }
    return ranges;
  }
}
