package fathomexport.sink.postgres.views;

import fathomexport.report.DateGrouping;
import fathomexport.sink.postgres.db.Sql;
import java.util.List;
import java.util.stream.Collectors;

/** The views that say what there is, how complete it is, and what it means. */
final class GeneralViews {
  private static final String EVENT = "The event's name; null for reports on pageviews";

  private GeneralViews() {}

  static List<ViewDefinition> of(SiteSources sources, List<KnownReport> reports) {
    return List.of(
        calendar(), freshness(), milestone(sources), definition(), metric(reports), additivity());
  }

  private static ViewDefinition calendar() {
    return new ViewDefinition(
        "calendar",
        "What is known of each day: one row per report, site, event and day, without gaps from the"
            + " first stored day to the site's yesterday, or to the last day of what is retired, and"
            + " further where later days are stored, whatever fathom.as_of is. Reports"
            + " by month or year have one row per period, reports without date grouping none. No date"
            + " table: it has each day many times. SELECT DISTINCT date FROM fathom_bi.site_day is"
            + " one",
        List.of(
            new ViewColumn("site_id", Measures.TEXT, "c.site_id", "The site's id"),
            new ViewColumn("site_name", Measures.TEXT, "c.site_name", Measures.SITE_NAME),
            new ViewColumn("report", Measures.TEXT, "c.report", "Name of the report"),
            new ViewColumn("event_name", Measures.TEXT, "nullif(c.event_name, '')", EVENT),
            new ViewColumn(
                "date",
                Measures.DATE,
                "c.date",
                "The day, in the site's time zone; for reports by month or year the first day of"
                    + " the period"),
            new ViewColumn("state", Measures.TEXT, "c.state", SiteViews.stateOfDay()),
            new ViewColumn(
                "fetched_at",
                "timestamp with time zone",
                "c.fetched_at",
                "When the day's rows were fetched; null when it was never measured")),
        "FROM fathom_ops.calendar c");
  }

  private static ViewDefinition freshness() {
    return new ViewDefinition(
        "freshness",
        "How fresh each report is: one row per report, site and event of which something is"
            + " stored. Reports without date grouping are not in it",
        List.of(
            new ViewColumn("report", Measures.TEXT, "s.report", "Name of the report"),
            new ViewColumn("site_id", Measures.TEXT, "s.site_id", "The site's id"),
            new ViewColumn("site_name", Measures.TEXT, "s.site_name", Measures.SITE_NAME),
            new ViewColumn("event_name", Measures.TEXT, "nullif(s.event_name, '')", EVENT),
            new ViewColumn("first_day", Measures.DATE, "s.first_day", "First stored day"),
            new ViewColumn("last_day", Measures.DATE, "s.last_day", "Last stored day"),
            new ViewColumn(
                "yesterday",
                Measures.DATE,
                "s.yesterday",
                "The last day that is over in the site's time zone; of a retired site or event its"
                    + " last day"),
            new ViewColumn(
                "days_behind",
                "integer",
                "greatest(s.yesterday - s.last_day, 0)",
                "Days from the last stored day to the site's yesterday: 0 when the last run was in"
                    + " time. Between the end of a site's day and the next run it is 1, which is"
                    + " not late: the command status knows when that run is expected"),
            new ViewColumn(
                "state",
                Measures.TEXT,
                "fathom_ops.period_state(l.site_id IS NOT NULL, a.site_id IS NOT NULL, l.status,"
                    + " coalesce(l.definition <> s.definition, false) OR coalesce(l.zone <>"
                    + " s.time_zone, false), l.covers_to < l.period_end, l.rows, l.covers_to <"
                    + " l.period_end AND fathom_ops.has_ended(l.site_id, l.event_name))",
                "State of the site's yesterday, for reports by month or year of the period that it"
                    + " is in: "
                    + SiteViews.stateOfDay()),
            new ViewColumn(
                "fetched_at",
                "timestamp with time zone",
                "s.fetched_at",
                "When rows were last fetched"),
            new ViewColumn(
                "confirmed_at",
                "timestamp with time zone",
                "s.confirmed_at",
                "When a control query last confirmed stored days without fetching them; null when"
                    + " that has not happened")),
        """
        FROM fathom_ops.stored s
        CROSS JOIN LATERAL (SELECT CASE s.date_grouping WHEN 'month' THEN date_trunc('month', s.yesterday)::date
                                                        WHEN 'year' THEN date_trunc('year', s.yesterday)::date
                                                        ELSE s.yesterday END AS period) y
        LEFT JOIN fathom_ops.ledger l
          ON l.report = s.report AND l.site_id = s.site_id AND l.event_name = s.event_name AND l.period = y.period
        LEFT JOIN fathom_ops.attempt a
          ON a.report = s.report AND a.site_id = s.site_id AND a.event_name = s.event_name AND a.period = y.period
        WHERE s.date_grouping <> 'none'\
        """);
  }

  private static ViewDefinition milestone(SiteSources sources) {
    List<KnownReport> days = sources.of(DateGrouping.DAY);
    String state =
        days.isEmpty()
            ? "'missing'"
            : days.size() > 1
                ? "coalesce(d.state, 'missing')"
                : "fathom_ops.state_on(ARRAY["
                    + days.stream()
                        .map(r -> Sql.literal(r.name()))
                        .collect(Collectors.joining(", "))
                    + "], m.site_id, m.date)";
    return new ViewDefinition(
        "milestone",
        "The notes that owners put on their sites' timelines: one row per site and note",
        List.of(
            new ViewColumn("site_id", Measures.TEXT, "m.site_id", "The site's id"),
            new ViewColumn("site_name", Measures.TEXT, "x.name", Measures.SITE_NAME),
            new ViewColumn(
                "milestone_id", Measures.TEXT, "m.milestone_id", "The API's id of the note"),
            new ViewColumn(
                "date",
                Measures.DATE,
                "m.date",
                "The day that the note stands at, in the site's time zone"),
            new ViewColumn("name", Measures.TEXT, "m.name", "The note"),
            new ViewColumn(
                "state",
                Measures.TEXT,
                state,
                "State of the site's traffic on that day, as in fathom_bi.site_day")),
        "FROM fathom.milestone m LEFT JOIN fathom.site x ON x.site_id = m.site_id"
            + (days.size() > 1
                ? "\nLEFT JOIN ("
                    + sources.dense(DateGrouping.DAY)
                    + ") d ON d.site_id = m.site_id AND d.date = m.date"
                : ""));
  }

  private static ViewDefinition definition() {
    return new ViewDefinition(
        "definition",
        "The definitions that each report has had: one row per report and change. Rows that were"
            + " fetched under another definition than the current one are stale",
        List.of(
            new ViewColumn("report", Measures.TEXT, "h.report", "Name of the report"),
            new ViewColumn(
                "valid_from",
                "timestamp with time zone",
                "h.valid_from",
                "When the definition was first migrated"),
            new ViewColumn(
                "definition",
                "jsonb",
                "jsonb_build_object('entity', h.entity, 'date_grouping', h.date_grouping,"
                    + " 'field_grouping', h.fields, 'aggregates', h.aggregates, 'filters',"
                    + " h.filters)",
                "The definition, with the keys of a pipeline's file"),
            new ViewColumn(
                "current",
                "boolean",
                "h.digest IS NOT DISTINCT FROM r.definition AND NOT EXISTS (SELECT FROM"
                    + " fathom_ops.report_definition n WHERE n.report = h.report AND n.valid_from >"
                    + " h.valid_from)",
                "Whether it is the present definition")),
        "FROM fathom_ops.report_definition h LEFT JOIN fathom_ops.report r ON r.report = h.report");
  }

  private static ViewDefinition metric(List<KnownReport> reports) {
    List<String> byPage =
        reports.stream().filter(KnownReport::byPage).map(r -> Sql.literal(r.name())).toList();
    return new ViewDefinition(
        "metric",
        "What each measure means and whether it may be summed: one row per report and measure",
        List.of(
            new ViewColumn("report", Measures.TEXT, "r.report", "Name of the report"),
            new ViewColumn("name", Measures.TEXT, "m.name", "Name of the column in the views"),
            new ViewColumn(
                "meaning",
                Measures.TEXT,
                byPage.isEmpty()
                    ? "m.meaning"
                    : "CASE WHEN r.report IN ("
                        + String.join(", ", byPage)
                        + ") THEN coalesce(m.by_page, m.meaning) ELSE m.meaning END",
                "What it counts; in reports that are grouped or filtered by page, visits are"
                    + " entrances"),
            new ViewColumn("unit", Measures.TEXT, "m.unit", "Its unit"),
            new ViewColumn(
                "adds_up_over_days",
                "boolean",
                "CASE WHEN r.date_grouping = 'none' THEN false WHEN m.measured THEN coalesce(d.agrees,"
                    + " m.over_days) ELSE m.over_days END",
                "Whether the sum over days is the number of the whole; null where that has not"
                    + " been measured, and false for reports without date grouping, whose ranges of"
                    + " days may overlap. Of a value within one currency. See fathom_bi.additivity for single sites"),
            new ViewColumn(
                "adds_up_over_groups",
                "boolean",
                "CASE WHEN m.measured THEN coalesce(g.agrees, m.over_groups) ELSE m.over_groups END",
                "Whether the sum over the groups of a report is the number of the whole; null"
                    + " where that has not been measured. Of a value within one currency")),
        """
        FROM fathom_ops.report r
        JOIN (VALUES
          ('visits', 'visits', 'Visits to the site', 'visits', true, true, true, 'Entrances: visits by the page where they began'),
          ('uniques', 'uniques', 'Unique visitors', 'unique visitors', true, NULL::boolean, NULL::boolean, 'Unique visitors who saw the page, wherever they came in'),
          ('pageviews', 'pageviews', 'Pageviews', 'pageviews', false, true, true, NULL),
          ('avg_duration', 'avg_duration', 'Average duration', 'seconds', false, false, false, NULL),
          ('bounce_rate', 'bounce_rate', 'Visits that bounced, of all visits', 'percent', false, false, false, 'Entrances that bounced, of all entrances'),
          ('bounce_rate', 'bounces', 'Visits that bounced', 'visits', false, true, true, 'Entrances that bounced'),
          ('pageviews', 'share_of_pageviews', 'Pageviews of the group, of all of the period', 'ratio', false, false, true, NULL),
          ('conversions', 'conversions', 'Completions of the event', 'conversions', false, true, true, NULL),
          ('unique_conversions', 'unique_conversions', 'Unique visitors that completed the event', 'unique visitors', true, NULL, NULL, NULL),
          ('unique_conversions', 'conversion_rate', 'Unique conversions, of the site''s visits', 'ratio', false, false, false, NULL),
          ('unique_conversions', 'conversion_rate_of_group', 'Unique conversions, of the visits of the same group', 'ratio', false, false, false, 'Unique conversions, of the entrances of the same group; may exceed 1'),
          ('value', 'value', 'Value of the conversions, which adds up within one currency', 'units of the currency', false, true, true, NULL),
          ('value', 'value_cents', 'Value of the conversions, which adds up within one currency', 'cents of the currency', false, true, true, NULL)
        ) m (aggregate, name, meaning, unit, measured, over_days, over_groups, by_page)
          ON m.aggregate = ANY (r.aggregates)
         AND (m.name <> 'bounces' OR 'visits' = ANY (r.aggregates))
         AND (m.name <> 'share_of_pageviews' OR r.fields <> '{}')
        LEFT JOIN (SELECT report, measure, sum(agreed) = sum(periods) AS agrees
                     FROM fathom_ops.additivity
                    WHERE direction = 'over_days'
                    GROUP BY report, measure
                   HAVING sum(periods) > 0) d ON d.report = r.report AND d.measure = m.name
        LEFT JOIN (SELECT report, measure, sum(agreed) = sum(periods) AS agrees
                     FROM fathom_ops.additivity
                    WHERE direction = 'over_groups'
                    GROUP BY report, measure
                   HAVING sum(periods) > 0) g ON g.report = r.report AND g.measure = m.name\
        """);
  }

  private static ViewDefinition additivity() {
    return new ViewDefinition(
        "additivity",
        "Whether measures add up, measured on certified periods: one row per report, site, measure"
            + " and direction. The views sum a unique count only where periods and agreed are"
            + " equal",
        List.of(
            new ViewColumn(
                "report", Measures.TEXT, "a.report", "The report whose rows were summed"),
            new ViewColumn("site_id", Measures.TEXT, "a.site_id", "The site's id"),
            new ViewColumn("measure", Measures.TEXT, "a.measure", "Name of the measure"),
            new ViewColumn(
                "direction",
                Measures.TEXT,
                "a.direction",
                "over_days: a month's or year's own number against its days; over_groups: a site's"
                    + " own number against its groups"),
            new ViewColumn(
                "periods",
                Measures.BIGINT,
                "sum(a.periods)",
                "How many certified periods of at least two parts were compared"),
            new ViewColumn(
                "agreed",
                Measures.BIGINT,
                "sum(a.agreed)",
                "In how many of them the sum equals the whole's own number"),
            new ViewColumn(
                "largest_difference",
                Measures.NUMERIC,
                "max(a.largest_difference)",
                "The largest difference of a period, in the measure's unit")),
        "FROM fathom_ops.additivity a GROUP BY a.report, a.site_id, a.measure, a.direction HAVING"
            + " sum(a.periods) > 0");
  }
}
