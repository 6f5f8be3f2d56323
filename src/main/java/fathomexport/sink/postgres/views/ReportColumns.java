package fathomexport.sink.postgres.views;

import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.sink.postgres.db.Sql;
import java.util.ArrayList;
import java.util.List;

/** The columns that the views of one report share, and the joins that these need. */
final class ReportColumns {
  private final KnownReport report;

  ReportColumns(KnownReport report) {
    this.report = report;
  }

  /** Returns the qualified expression that shows a field: null becomes (none). */
  private static String shown(String column) {
    // A real "(none)" is put in quotes, one more than it has, so that two groups never become one.
    // Its first character, a quote or a parenthesis, is looked at first: that costs little per row.
    return ("CASE WHEN %s IS NULL THEN '(none)' WHEN ascii(%s) IN (34, 40) AND %s ~ '^\"*\\(none\\)\"*$'"
            + " THEN '\"' || %s || '\"' ELSE %s END")
        .formatted(column, column, column, column, column);
  }

  List<ViewColumn> site(String row) {
    List<ViewColumn> columns = new ArrayList<>();
    columns.add(new ViewColumn("site_id", Measures.TEXT, row + ".site_id", "The site's id"));
    columns.add(new ViewColumn("site_name", Measures.TEXT, "s.name", Measures.SITE_NAME));
    if (report.ofEvents()) {
      columns.add(
          new ViewColumn(
              "event_name",
              Measures.TEXT,
              row + ".event_name",
              "The event's name within the site"));
    }
    return columns;
  }

  List<ViewColumn> time(String row) {
    return switch (report.grouping()) {
      case HOUR ->
          List.of(
              new ViewColumn(
                  "hour",
                  "timestamp without time zone",
                  row + ".hour",
                  "The hour, in the site's time zone"));
      case DAY ->
          List.of(
              new ViewColumn(
                  "date", Measures.DATE, row + ".date", "The day, in the site's time zone"));
      case MONTH, YEAR ->
          List.of(
              new ViewColumn(
                  "date",
                  Measures.DATE,
                  row + ".date",
                  "First day of the " + report.each() + ", in the site's time zone"));
      case NONE ->
          List.of(
              new ViewColumn(
                  "date_from", Measures.DATE, row + ".date_from", "First day of the range"),
              new ViewColumn("date_to", Measures.DATE, row + ".date_to", "Last day of the range"));
    };
  }

  ViewColumn state() {
    return new ViewColumn(
        "state",
        Measures.TEXT,
        "fathom_ops.period_state(l.site_id IS NOT NULL, a.site_id IS NOT NULL, l.status,"
            + " coalesce(l.definition <> "
            + Sql.literal(report.definition())
            + ", false) OR coalesce(l.zone <> s.time_zone, false), l.covers_to < l.period_end,"
            + " l.rows, "
            + (report.grouping() == DateGrouping.MONTH || report.grouping() == DateGrouping.YEAR
                ? "l.covers_to < l.period_end AND fathom_ops.has_ended(l.site_id, l.event_name)"
                : "false")
            + ")",
        SiteViews.stateOfDay());
  }

  /**
   * Returns the column that tells which range of a report without date grouping is the newest; none
   * for other reports. {@link #evidence} joins what it needs.
   */
  List<ViewColumn> newest() {
    return report.grouping() == DateGrouping.NONE
        ? List.of(
            new ViewColumn(
                "is_newest",
                "boolean",
                "coalesce(z.place = 1, false)",
                "Whether the row is of the newest range of the site"
                    + (report.ofEvents() ? " and event" : "")
                    + ": of the stored ranges that end last, the longest. It may be another range"
                    + " for each site"
                    + (report.ofEvents() ? " and event" : "")
                    + ", such as an older one for what is retired: compare date_from and date_to"
                    + " before you sum up over them"))
        : List.of();
  }

  private String ranges(String row) {
    return report.grouping() == DateGrouping.NONE
        ? """
          \nLEFT JOIN (SELECT n.site_id, n.event_name, n.period, n.period_end,
                            row_number() OVER (PARTITION BY n.site_id, n.event_name ORDER BY n.period_end DESC, n.period) AS place
                       FROM fathom_ops.ledger n
                      WHERE n.report = %s AND n.stored) z
            ON z.site_id = %s.site_id AND z.event_name = %s AND z.period = %s.date_from AND z.period_end = %s.date_to\
          """
            .formatted(Sql.literal(report.name()), row, report.eventKey(row), row, row)
        : "";
  }

  /**
   * Returns the joins for {@link #state} and the site's name. Queries that use neither skip them.
   */
  String evidence(String row) {
    return "\nLEFT JOIN fathom.site s ON s.site_id = "
        + row
        + ".site_id"
        + report.entry("l", row)
        + report.joined("fathom_ops.attempt", "a", row)
        + ranges(row);
  }

  /**
   * Returns the name that a field has in the views: its own, except for the visitor's state, since
   * {@code state} says how complete the row's period is.
   */
  static String column(String field) {
    return field.equals("state") ? "visitor_state" : field;
  }

  List<ViewColumn> fields(String row) {
    List<ViewColumn> columns = new ArrayList<>();
    for (String field : report.fields()) {
      columns.add(
          new ViewColumn(
              column(field),
              Measures.TEXT,
              shown(row + "." + Sql.name(field)),
              "As the API reports it, with (none) where it has no value; '' is a separate group,"
                  + " and a real (none) stands in quotes"));
    }
    return columns;
  }

  List<ViewColumn> money(String cents) {
    return List.of(
        new ViewColumn(
            "value",
            Measures.NUMERIC,
            "round(" + cents + " / 100.0, 2)",
            Measures.meaning(report, Aggregate.VALUE)),
        new ViewColumn(
            "value_cents",
            Measures.BIGINT,
            cents,
            Measures.over(report.grouping(), Measures.VALUE_CENTS)),
        new ViewColumn("currency", Measures.TEXT, "e.currency", Measures.CURRENCY));
  }
}
