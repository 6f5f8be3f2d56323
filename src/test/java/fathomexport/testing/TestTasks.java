package fathomexport.testing;

import fathomexport.plan.ControlQuery;
import fathomexport.plan.FetchTask;
import fathomexport.report.DayRange;
import fathomexport.report.QueryShape;
import fathomexport.report.Report;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import java.util.List;

/** Tasks that no planner has made: each fills one report, of which nothing is stored. */
public final class TestTasks {
  private TestTasks() {}

  /** All of a site. */
  public static Slice slice(String site) {
    return new Slice(new SiteId(site), null);
  }

  /** A task of a site whose zone is unknown, with a control query of its own. */
  public static FetchTask of(String site, Report report, DayRange days) {
    return of(report, days, ControlQuery.of(report, slice(site), days));
  }

  /** A task with a control query of its own. */
  public static FetchTask of(Site site, Report report, DayRange days) {
    return of(site, report, days, ControlQuery.of(report, new Slice(site.id(), null), days));
  }

  /** A task that shares its control query with others of the slice. */
  public static FetchTask of(Report report, DayRange days, ControlQuery control) {
    return of(new Site(control.slice().site(), "a site", null), report, days, control);
  }

  private static FetchTask of(Site site, Report report, DayRange days, ControlQuery control) {
    return new FetchTask(
        site,
        control.slice(),
        new QueryShape(
            report.entity(),
            report.aggregates(),
            report.dateGrouping(),
            report.fields(),
            List.of()),
        days,
        List.of(report),
        control);
  }
}
