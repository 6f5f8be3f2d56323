package fathomexport.testing;

import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.Entity;
import fathomexport.report.EventSelection;
import fathomexport.report.Field;
import fathomexport.report.Report;
import java.util.List;

/** Reports of every form that a table can have. */
public final class TestReports {
  /** visits, pageviews, avg_duration. */
  public static final List<Aggregate> MEASURES =
      List.of(Aggregate.VISITS, Aggregate.PAGEVIEWS, Aggregate.AVG_DURATION);

  private TestReports() {}

  /** A report on pageviews with {@link #MEASURES}. */
  public static Report pageviews(String name, DateGrouping grouping, Field... fields) {
    return new Report(name, Entity.PAGEVIEW, null, MEASURES, grouping, List.of(fields), List.of());
  }

  /** A report on pageviews by day with measures of one's own. */
  public static Report measuring(String name, List<Aggregate> aggregates, Field... fields) {
    return new Report(
        name, Entity.PAGEVIEW, null, aggregates, DateGrouping.DAY, List.of(fields), List.of());
  }

  /** traffic_daily: no fields. Cells: visits, pageviews, avg_duration. */
  public static Report traffic() {
    return pageviews("traffic_daily", DateGrouping.DAY);
  }

  /** pages_daily: hostname, pathname, visits, pageviews, avg_duration. */
  public static Report pages() {
    return pageviews("pages_daily", DateGrouping.DAY, Field.HOSTNAME, Field.PATHNAME);
  }

  /** campaigns_daily: utm_source, utm_campaign, utm_term, visits, pageviews, avg_duration. */
  public static Report campaigns() {
    return pageviews(
        "campaigns_daily", DateGrouping.DAY, Field.UTM_SOURCE, Field.UTM_CAMPAIGN, Field.UTM_TERM);
  }

  /** goals_daily: referrer_source, conversions, unique_conversions, value. */
  public static Report goals() {
    return goals("goals_daily", DateGrouping.DAY);
  }

  /** A report on events with the columns of {@link #goals()}. */
  public static Report goals(String name, DateGrouping grouping) {
    return new Report(
        name,
        Entity.EVENT,
        new EventSelection.All(),
        List.of(Aggregate.CONVERSIONS, Aggregate.UNIQUE_CONVERSIONS, Aggregate.VALUE),
        grouping,
        List.of(Field.REFERRER_SOURCE),
        List.of());
  }
}
