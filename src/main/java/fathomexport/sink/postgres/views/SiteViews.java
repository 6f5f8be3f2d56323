package fathomexport.sink.postgres.views;

import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.sink.postgres.db.Sql;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The views about whole sites: by hour, day, week, month, quarter and year. */
final class SiteViews {
  private static final String STATE_OF_DAY =
      "complete: as the API reported it, certified wherever a control query was possible; empty:"
          + " measured, and there was nothing; provisional: not over when it was fetched;"
          + " incomplete: the last attempt failed, the numbers disagree with the control query, no"
          + " row came and no control was possible, or it was not over when it was fetched and never"
          + " will be whole, since the site or event is retired; stale: fetched under another definition or"
          + " time zone; missing: never measured, so the numbers are null";

  /** Says of a day {@code s} that something of it is known. */
  private static final String STORED =
      Measures.OF_PAGEVIEWS.stream()
          .map(a -> "s." + a.apiName() + " IS NOT NULL")
          .collect(
              Collectors.joining(" OR ", "(s.state NOT IN ('missing', 'incomplete') OR ", ")"));

  private SiteViews() {}

  static List<ViewDefinition> of(SiteSources sources) {
    List<ViewDefinition> views = new ArrayList<>();
    views.add(hours(sources));
    views.add(
        days(
            "site_day",
            "Traffic of each site by day, dense: one row per site and day from the first stored"
                + " day to the site's yesterday, and further where later days are stored, whatever"
                + " fathom.as_of is. A day on which nothing was measured is 0, a day that was not"
                + " measured is null. From "
                + sources.names(DateGrouping.DAY),
            sources.densePerDay(),
            false));
    views.add(
        periods(
            "site_week",
            "week",
            "ISO week (from Monday)",
            "7 days",
            "364 days",
            "52 weeks",
            null,
            sources));
    views.add(
        periods(
            "site_month",
            "month",
            "month",
            "1 month",
            "1 year",
            "a year",
            DateGrouping.MONTH,
            sources));
    views.add(
        periods(
            "site_quarter", "quarter", "quarter", "3 months", "1 year", "a year", null, sources));
    views.add(
        periods(
            "site_year", "year", "year", "1 year", "1 year", "a year", DateGrouping.YEAR, sources));
    return views;
  }

  static String stateOfDay() {
    return STATE_OF_DAY;
  }

  static ViewColumn siteId() {
    return new ViewColumn("site_id", Measures.TEXT, "d.site_id", "The site's id");
  }

  static ViewColumn siteName() {
    return new ViewColumn("site_name", Measures.TEXT, "d.site_name", Measures.SITE_NAME);
  }

  private static ViewColumn state() {
    return new ViewColumn("state", Measures.TEXT, "d.state", STATE_OF_DAY);
  }

  private static List<ViewColumn> aggregates(boolean byPage) {
    List<ViewColumn> columns = new ArrayList<>();
    for (Aggregate a : Measures.OF_PAGEVIEWS) {
      columns.add(
          new ViewColumn(
              a.apiName(),
              Measures.type(a),
              "d." + a.apiName(),
              Measures.meaning(a, DateGrouping.DAY, byPage)));
    }
    columns.add(
        new ViewColumn(
            "bounces", Measures.BIGINT, "d.bounces", Measures.bounces(DateGrouping.DAY, byPage)));
    columns.add(
        new ViewColumn(
            "pageviews_per_visit",
            Measures.DOUBLE,
            Measures.ratio("d.pageviews", "d.visits"),
            Measures.pageviewsPerVisit(byPage)));
    return columns;
  }

  /**
   * Returns a dense view by day.
   *
   * @param source the query of {@link SiteSources#densePerDay}
   * @param byPage whether the report is filtered by page
   */
  static ViewDefinition days(String name, String comment, String source, boolean byPage) {
    List<ViewColumn> columns = new ArrayList<>();
    columns.add(siteId());
    columns.add(siteName());
    columns.add(
        new ViewColumn("date", Measures.DATE, "d.date", "The day, in the site's time zone"));
    columns.add(state());
    columns.addAll(aggregates(byPage));
    columns.add(
        new ViewColumn(
            "day_of_week",
            "integer",
            "extract(isodow FROM d.date)",
            "Day of the week: 1 is Monday, 7 is Sunday"));
    columns.add(
        new ViewColumn(
            "iso_week",
            Measures.TEXT,
            "to_char(d.date, 'IYYY-\"W\"IW')",
            "ISO week with its year, such as 2026-W05"));
    columns.add(
        new ViewColumn(
            "visits_week_before",
            Measures.BIGINT,
            "d.visits_week_before",
            "Visits seven days before; null where they are not known"));
    columns.add(
        new ViewColumn(
            "visits_year_before",
            Measures.BIGINT,
            "d.visits_year_before",
            "Visits on the same date a year before (29 February: on 28 February); null where they"
                + " are not known"));
    columns.add(
        new ViewColumn(
            "report", Measures.TEXT, "d.report", "The report that the numbers come from"));
    return new ViewDefinition(name, comment, columns, "FROM (" + source + ") d");
  }

  private static ViewDefinition hours(SiteSources sources) {
    List<ViewColumn> columns = new ArrayList<>();
    columns.add(siteId());
    columns.add(siteName());
    columns.add(
        new ViewColumn(
            "hour",
            "timestamp without time zone",
            "d.hour",
            "The hour, in the site's time zone. An hour that a change of the clocks repeats is one"
                + " row"));
    columns.add(
        new ViewColumn(
            "hour_utc",
            "timestamp with time zone",
            "d.hour_utc",
            "When the hour began; of a repeated hour the first"));
    columns.add(
        new ViewColumn(
            "is_repeated",
            "boolean",
            "d.is_repeated",
            "Whether a change of the clocks repeats the hour, so that the row covers more than 60"
                + " minutes"));
    columns.add(state());
    columns.addAll(aggregates(false));
    columns.add(
        new ViewColumn(
            "report", Measures.TEXT, "d.report", "The report that the numbers come from"));
    columns.add(
        new ViewColumn(
            "date",
            "date",
            "d.date",
            "The day of the hour, in the site's time zone. A filter on it reads only these days; one"
                + " on hour makes the hours of all days of the site first"));
    return new ViewDefinition(
        "site_hour",
        "Traffic of each site by hour, dense: one row per site and hour of the measured days. An"
            + " hour in which nothing was measured is 0, one that was not measured is null. From "
            + sources.names(DateGrouping.HOUR),
        columns,
        "FROM (" + sources.denseHours() + ") d");
  }

  /** Returns the value of the row that lies this interval before, among the site's rows. */
  private static String before(String expression, String order, String interval) {
    return "first_value("
        + expression
        + ") OVER (PARTITION BY d.site_id ORDER BY "
        + order
        + " RANGE BETWEEN '"
        + interval
        + "'::interval PRECEDING AND '"
        + interval
        + "'::interval PRECEDING)";
  }

  /** Returns the measure of a period that is known as a whole: a part of one is no comparison. */
  private static String whole(ViewColumn measure) {
    return "CASE WHEN d.state IN ('complete', 'empty')"
        + (measure.name().equals("uniques") ? " OR d.uniques_of_whole" : "")
        + " THEN "
        + measure.expression()
        + " END";
  }

  private static ViewDefinition periods(
      String name,
      String unit,
      String words,
      String length,
      String year,
      String yearWords,
      @Nullable DateGrouping own,
      SiteSources sources) {
    List<ViewColumn> columns = new ArrayList<>();
    columns.add(siteId());
    columns.add(siteName());
    columns.add(
        new ViewColumn("first_day", Measures.DATE, "d.first_day", "First day of the " + words));
    columns.add(
        new ViewColumn("last_day", Measures.DATE, "d.last_day", "Last day of the " + words));
    columns.add(
        new ViewColumn(
            "days",
            "integer",
            "d.last_day - d.first_day + 1",
            "Number of days of the " + words + ", measured or not"));
    columns.add(
        new ViewColumn(
            "complete_days",
            "integer",
            "d.complete_days",
            "Number of its days that are complete or empty; the sums are whole where it equals"
                + " days"));
    columns.add(
        new ViewColumn(
            "state",
            Measures.TEXT,
            "d.state",
            "The first that applies counts. missing: no day was measured; stale: a day is stale;"
                + " empty: every day is; complete: every day is complete or empty; provisional: not"
                + " over yet, and every day that is over is complete or empty; otherwise incomplete,"
                + " such as between the end of a day and the run that fetches it, or where the"
                + " first stored day or the last day of a retired site lies within it, and the sums"
                + " are those of the measured days"));
    List<ViewColumn> measures =
        List.of(
            new ViewColumn(
                "visits",
                Measures.BIGINT,
                "d.visits",
                "Sum of the days' visits; null where visits were measured not to add up over"
                    + " days"),
            new ViewColumn("uniques", Measures.BIGINT, "d.uniques", uniques(own, sources)),
            new ViewColumn(
                "pageviews", Measures.BIGINT, "d.pageviews", "Sum of the days' pageviews"),
            new ViewColumn(
                "bounces", Measures.BIGINT, "d.bounces", "Sum of the days' visits that bounced"),
            new ViewColumn(
                "bounce_rate",
                Measures.DOUBLE,
                "d.bounce_rate",
                "Bounce rate in percent: the days' rates weighted with their visits"));
    columns.addAll(measures);
    columns.add(
        new ViewColumn(
            "pageviews_per_visit",
            Measures.DOUBLE,
            Measures.ratio("d.pageviews", "d.visits"),
            Measures.pageviewsPerVisit(false)));
    columns.add(
        new ViewColumn(
            "avg_duration",
            Measures.DOUBLE,
            "d.avg_duration",
            "Average duration in seconds"
                + (own == null
                    ? ": always null, since averages of days have no weight and no report measures"
                        + " it by "
                        + unit
                    : " as the API reports it for the "
                        + unit
                        + ", from "
                        + sources.names(own)
                        + ", unless the days have other pageviews than that; otherwise null:"
                        + " averages of days have no weight")));
    for (ViewColumn m : measures) {
      columns.add(
          new ViewColumn(
              m.name() + "_period_before",
              m.type(),
              before(whole(m), "d.first_day", length),
              m.name() + " of the " + unit + " before; null unless the whole of it is known"));
    }
    for (ViewColumn m : measures) {
      columns.add(
          new ViewColumn(
              m.name() + "_year_before",
              m.type(),
              before(whole(m), "d.first_day", year),
              m.name()
                  + " of the "
                  + unit
                  + " "
                  + yearWords
                  + " before; null unless the whole of it is known"));
    }
    columns.add(
        new ViewColumn(
            "report",
            Measures.TEXT,
            "d.report",
            "The report whose days are summed"
                + (sources.of(DateGrouping.DAY).size() > 1 ? "; of several, their names" : "")));
    return new ViewDefinition(
        name,
        "Traffic of each site by "
            + words
            + ": one row per site and "
            + unit
            + ", from the days of fathom_bi.site_day. Rates are weighted; what does not add up over"
            + " days is null"
            + (own == null || sources.of(own).isEmpty()
                ? ""
                : ". uniques and avg_duration are the API's for the whole "
                    + unit
                    + ", from "
                    + sources.names(own)
                    + ". Where that has other pageviews than the days, since it covers other days or"
                    + " was fetched at another time, it is left out until both have the same"),
        columns,
        from(unit, length, own, sources));
  }

  private static String uniques(@Nullable DateGrouping own, SiteSources sources) {
    String sum =
        "the sum of the days where fathom_bi.additivity shows that they add up, or where it is 0;"
            + " otherwise null";
    return "Unique visitors: "
        + (own == null || sources.of(own).isEmpty()
            ? sum
            : "as the API reports them for the whole, from "
                + sources.names(own)
                + ", unless the days have other pageviews than that; otherwise "
                + sum);
  }

  private static String from(
      String unit, String length, @Nullable DateGrouping own, SiteSources sources) {
    List<KnownReport> days = sources.of(DateGrouping.DAY);
    // A period that begins before a report and ends after it has days of two.
    boolean several = days.size() > 1;
    return """
        FROM (
          SELECT p.site_id, p.site_name, p.report, p.first_day, p.last_day, p.complete_days,
                 fathom_ops.state_of_days(p.last_day - p.first_day + 1, p.due_days, p.newest_day >= p.last_day OR p.oldest_day > p.first_day OR fathom_ops.has_ended(p.site_id, ''),
                                          p.known_days, p.complete_days, p.empty_days, p.stale_days) AS state,
                 CASE WHEN coalesce(%s, true) THEN p.visits END AS visits,
                 coalesce(%s, CASE WHEN coalesce(%s, false) OR p.uniques = 0 THEN p.uniques END) AS uniques,
                 %s AS uniques_of_whole,
                 p.pageviews, p.bounces,
                 100 * p.bounces::double precision / nullif(p.rated_visits, 0) AS bounce_rate,
                 %s AS avg_duration
            FROM (SELECT s.site_id, s.site_name, %s,
                         date_trunc('%s', s.date::timestamp)::date AS first_day,
                         (date_trunc('%s', s.date::timestamp) + interval '%s' - interval '1 day')::date AS last_day,
                         min(s.date) AS oldest_day,
                         max(s.date) AS newest_day,
                         count(*) AS due_days,
                         count(*) FILTER (WHERE s.state <> 'missing') AS known_days,
                         count(*) FILTER (WHERE s.state IN ('complete', 'empty')) AS complete_days,
                         count(*) FILTER (WHERE s.state = 'empty') AS empty_days,
                         count(*) FILTER (WHERE s.state = 'stale') AS stale_days,
                         %s,
                         %s,
                         %s,
                         %s,
                         sum(s.visits) FILTER (WHERE s.bounces IS NOT NULL) AS rated_visits
                    FROM fathom_bi.site_day s%s
                   GROUP BY s.site_id, s.site_name%s, first_day, last_day) p%s%s) d\
        """
        .formatted(
            several ? "p.visits_add_up" : "a.visits",
            own == null ? "NULL::bigint" : ofWhole("m.uniques"),
            several ? "p.uniques_add_up" : "a.uniques",
            own == null
                ? "false"
                : "coalesce(" + ofWhole("m.state IN ('complete', 'empty')") + ", false)",
            own == null ? "NULL::double precision" : ofWhole("m.avg_duration"),
            several ? ofSeveral(days) : "s.report",
            unit,
            unit,
            length,
            sum("visits"),
            sum("uniques"),
            sum("pageviews"),
            sum("bounces"),
            several ? addsUp("s") : "",
            several ? "" : ", s.report",
            several ? "" : addsUp("p"),
            own == null
                ? ""
                : "\n    LEFT JOIN ("
                    + sources.dense(own)
                    + ") m\n      ON m.site_id = p.site_id AND m.date = p.first_day"
                    + " AND (m.state IN ('complete', 'empty', 'provisional') OR m.ended)"
                    + "\n    LEFT JOIN fathom_ops.ledger o\n      ON o.report = m.report AND o.site_id"
                    + " = m.site_id AND o.event_name = '' AND o.period = p.first_day AND"
                    + " o.period_end = p.last_day");
  }

  private static String addsUp(String row) {
    return "\n    LEFT JOIN fathom_ops.adds_up a\n      ON a.report = %s.report AND a.site_id = %s.site_id AND a.direction = 'over_days'"
        .formatted(row, row);
  }

  /**
   * Returns the reports of a period's stored days, and whether the measures of all of them add up.
   * Where no day is stored, they are the reports of the missing ones.
   */
  private static String ofSeveral(List<KnownReport> days) {
    return "coalesce(nullif("
        + names(days, " AND " + STORED)
        + ", ''), "
        + names(days, "")
        + ") AS report, bool_and(coalesce(a.visits, true)) FILTER (WHERE "
        + STORED
        + ") AS visits_add_up, bool_and(coalesce(a.uniques, false)) FILTER (WHERE "
        + STORED
        + ") AS uniques_add_up";
  }

  private static String names(List<KnownReport> days, String condition) {
    return days.stream()
        .map(r -> Sql.literal(r.name()))
        .map(name -> "CASE WHEN bool_or(s.report = " + name + condition + ") THEN " + name + " END")
        .collect(Collectors.joining(", ", "concat_ws(', ', ", ")"));
  }

  /**
   * Returns what the API reports of the whole period; null where it is of other days than the sums
   * beside it, or of another time. Pageviews add up, so they tell: where those of the days are not
   * those of the whole, days are missing on one side, or the numbers of one side changed after the
   * other was fetched. Without pageviews, the days that both sides cover are compared.
   */
  private static String ofWhole(String own) {
    return "CASE WHEN coalesce(p.pageviews = o.pageviews_sum, p.complete_days = o.covers_to -"
        + " p.first_day + 1, false) THEN "
        + own
        + " END";
  }

  /**
   * Returns the sum of a measure over days {@code s}: null where a day was measured, but not in
   * this respect. Days of which nothing is known have a state that says so.
   */
  private static String sum(String measure) {
    return "CASE WHEN count(*) FILTER (WHERE s.%s IS NULL AND %s) = 0 THEN sum(s.%s)::bigint END AS %s"
        .formatted(measure, STORED, measure, measure);
  }
}
