package fathomexport.sink.postgres.views;

import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.sink.postgres.db.Sql;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Where the numbers of whole sites come from: the reports on pageviews without fields and filters.
 * Where there are several of one date grouping, {@link SourceChoice} decides for each site and
 * month.
 */
final class SiteSources {
  /**
   * Joins the hours of a day {@code c}: {@code u.hour}, {@code u.hour_utc}, {@code u.is_repeated}.
   */
  static final String HOURS_OF_DAY =
      """
      CROSS JOIN LATERAL fathom_ops.hours_of_day(coalesce(fathom_ops.known_zone(c.zone), 'Etc/GMT+12'), c.date) u\
      """;

  private final List<KnownReport> reports;

  SiteSources(List<KnownReport> reports) {
    this.reports =
        reports.stream()
            .filter(r -> !r.ofEvents() && !r.grouped() && !r.filtered())
            .sorted(KnownReport.PREFERRED)
            .toList();
  }

  boolean serves(KnownReport report) {
    return reports.contains(report);
  }

  List<KnownReport> of(DateGrouping grouping) {
    return reports.stream().filter(r -> r.grouping() == grouping).toList();
  }

  /** Returns the names of a grouping's reports, for comments. */
  String names(DateGrouping grouping) {
    List<KnownReport> all = of(grouping);
    return all.isEmpty()
        ? "no report yet: the view is empty until a pipeline has a report on pageviews by "
            + grouping.apiName()
            + " without field_grouping and filters"
        : names(all);
  }

  /** Returns the names of reports of which one is chosen, for comments. */
  static String names(List<KnownReport> all) {
    String names = all.stream().map(KnownReport::name).collect(Collectors.joining(", "));
    if (all.size() == 1) {
      return "report " + names;
    }
    return all.get(0).grouping() == DateGrouping.MONTH || all.get(0).grouping() == DateGrouping.YEAR
        ? "reports " + names + " (of each period the first that has most of it)"
        : "reports "
            + names
            + " (of each day one that has it, the first that has most days of the month)";
  }

  /**
   * Returns a query for {@code site_id, site_name, date, state, ended, report}, all aggregates of
   * pageviews and {@code bounces}: one row per site and period of the calendar, 0 where nothing was
   * measured, null where it is not known.
   */
  String dense(DateGrouping grouping) {
    SourceChoice choice = new SourceChoice(of(grouping));
    return choice.reports().isEmpty()
        ? noDays() + " WHERE false"
        : "SELECT c.site_id, c.site_name, c.date, c.state, c.ended, c.report"
            + measures(choice, false)
            + from(choice, "");
  }

  private static String noDays() {
    return "SELECT NULL::text AS site_id, NULL::text AS site_name, NULL::date AS date, NULL::text AS"
        + " state, NULL::boolean AS ended, NULL::text AS report"
        + Measures.OF_PAGEVIEWS.stream()
            .map(a -> ", NULL::" + Measures.type(a) + " AS " + a.apiName())
            .collect(Collectors.joining())
        + ", NULL::bigint AS bounces";
  }

  /**
   * Returns a query like {@link #dense} for the days, with {@code visits_week_before} and {@code
   * visits_year_before}. They are joined, not taken from a window of the site's days: a filter on
   * the day does not pass a window, so that every day would be read. A query that does not show
   * them is spared the joins, since each is on a unique key.
   */
  String densePerDay() {
    List<KnownReport> days = of(DateGrouping.DAY);
    return days.isEmpty()
        ? noDays()
            + ", NULL::bigint AS visits_week_before, NULL::bigint AS visits_year_before WHERE"
            + " false"
        : densePerDay(new SourceChoice(days));
  }

  /** Returns the query of {@link #densePerDay()} for one report by day. */
  static String densePerDay(KnownReport report) {
    return densePerDay(new SourceChoice(List.of(report)));
  }

  private static String densePerDay(SourceChoice choice) {
    StringBuilder joins = new StringBuilder();
    for (int n = 0; n < choice.reports().size(); n++) {
      KnownReport report = choice.reports().get(n);
      if (report.has(Aggregate.VISITS)) {
        joins
            .append(dayBefore(report, alias(choice, "w", n), "c.date - 7"))
            .append(dayBefore(report, alias(choice, "y", n), "(c.date - interval '1 year')::date"));
      }
    }
    return "SELECT c.site_id, c.site_name, c.date, c.state, c.ended, c.report"
        + measures(choice, false)
        + ", "
        + before(choice, "w")
        + " AS visits_week_before, "
        + before(choice, "y")
        + " AS visits_year_before"
        + from(choice, joins.toString());
  }

  /** Returns the alias of a report's table, in which it has a number where there are several. */
  private static String alias(SourceChoice choice, String alias, int n) {
    return choice.several() ? alias + "_" + n : alias;
  }

  /** Returns the visits before. They may be in another report, where one has replaced the other. */
  private static String before(SourceChoice choice, String alias) {
    return choice.ofReport(
        report -> {
          List<String> values =
              choice.beginningWith(report).stream()
                  .filter(n -> choice.reports().get(n).has(Aggregate.VISITS))
                  .map(n -> visitsBefore(alias(choice, alias, n)))
                  .toList();
          return values.isEmpty()
              ? "NULL::bigint"
              : values.size() == 1 ? values.get(0) : "coalesce(" + String.join(", ", values) + ")";
        });
  }

  private static String visitsBefore(String day) {
    return "CASE WHEN %s.site_id IS NOT NULL THEN %s.visits WHEN %sl.stored AND %sl.status = 'certified' THEN 0 END"
        .formatted(day, day, day, day);
  }

  private static String dayBefore(KnownReport report, String alias, String day) {
    return """
        \n  LEFT JOIN %s %s ON %s.site_id = c.site_id AND %s.date = %s
          LEFT JOIN fathom_ops.ledger %sl ON %sl.report = %s AND %sl.site_id = c.site_id AND %sl.event_name = ''
           AND %sl.period = %s AND %sl.period_end = %s\
        """
        .formatted(
            report.table(),
            alias,
            alias,
            alias,
            day,
            alias,
            alias,
            Sql.literal(report.name()),
            alias,
            alias,
            alias,
            day,
            alias,
            day);
  }

  private static String from(SourceChoice choice, String joins) {
    return "\n  FROM fathom_ops.calendar c"
        + choice.each(n -> rows(choice, n, "date = c.date"), "")
        + joins
        + choice.join("c", "c.date")
        + "\n WHERE "
        + choice.isChosen();
  }

  /** Returns the join for what a report has stored of a row {@code c} of the calendar. */
  private static String rows(SourceChoice choice, int n, String time) {
    String t = alias(choice, "t", n);
    return "\n  LEFT JOIN %s %s ON %s.site_id = c.site_id AND %s.%s"
        .formatted(choice.reports().get(n).table(), t, t, t, time);
  }

  /**
   * Returns a query like {@link #dense} for the hours of the reports by hour, with {@code hour},
   * {@code hour_utc}, {@code is_repeated} and the {@code date} of each. Labels that a spring change
   * skips are left out. Of a day that was stored without a measure, it is null in all hours: in
   * those without visits, 0 would be true, but a sum would take it for the whole day.
   */
  String denseHours() {
    SourceChoice choice = new SourceChoice(of(DateGrouping.HOUR));
    return choice.reports().isEmpty()
        ? "SELECT NULL::text AS site_id, NULL::text AS site_name, NULL::timestamp AS hour,"
            + " NULL::timestamptz AS hour_utc, NULL::boolean AS is_repeated, NULL::date AS date,"
            + " NULL::text AS state, NULL::text AS report"
            + Measures.OF_PAGEVIEWS.stream()
                .map(a -> ", NULL::" + Measures.type(a) + " AS " + a.apiName())
                .collect(Collectors.joining())
            + ", NULL::bigint AS bounces WHERE false"
        : """
        SELECT c.site_id, c.site_name, u.hour, u.hour_utc, u.is_repeated, c.date, c.state, c.report%s
          FROM fathom_ops.calendar c
         %s%s%s%s
         WHERE %s\
        """
            .formatted(
                measures(choice, true),
                HOURS_OF_DAY,
                choice.each(n -> rows(choice, n, "hour = u.hour"), ""),
                choice.each(n -> unknownInDay(choice.reports().get(n), alias(choice, "w", n)), ""),
                choice.join("c", "c.date"),
                choice.isChosen());
  }

  /**
   * Returns the join for the days of {@code c} that were stored without a measure, as {@code no_}
   * with its name. The entries under other definitions are joined as a whole: whether a definition
   * has a measure would be looked up for each hour otherwise.
   */
  private static String unknownInDay(KnownReport report, String alias) {
    List<Aggregate> measures = Measures.OF_PAGEVIEWS.stream().filter(report::has).toList();
    return """
        \n  LEFT JOIN (SELECT q.site_id, q.period%s
                       FROM (SELECT l.site_id, l.period%s
                               FROM fathom_ops.ledger l
                              WHERE l.report = %s AND l.event_name = '' AND l.definition <> %s) q
                      GROUP BY q.site_id, q.period) %s
            ON %s.site_id = c.site_id AND %s.period = c.date\
        """
        .formatted(
            measures.stream()
                .map(a -> ", bool_or(q.no_%s) AS no_%s".formatted(a.apiName(), a.apiName()))
                .collect(Collectors.joining()),
            measures.stream()
                .map(a -> ", (" + ReportSums.isUnknown(report, a) + ") AS no_" + a.apiName())
                .collect(Collectors.joining()),
            Sql.literal(report.name()),
            Sql.literal(report.definition()),
            alias,
            alias,
            alias);
  }

  /**
   * Returns a query for {@code site_id}, the time and {@code visits} as they are stored, with the
   * {@code covers_to} and {@code zone} of their period.
   */
  String visits(DateGrouping grouping) {
    String time = grouping == DateGrouping.HOUR ? "hour" : "date";
    return visits(
        of(grouping).stream().filter(r -> r.has(Aggregate.VISITS)).toList(),
        time,
        "SELECT NULL::text AS site_id, NULL::"
            + (grouping == DateGrouping.HOUR ? "timestamp" : "date")
            + " AS "
            + time
            + ", NULL::bigint AS visits, NULL::date AS covers_to, NULL::text AS zone WHERE false");
  }

  /**
   * Returns a query like {@link #visits(DateGrouping)} for these reports.
   *
   * @param columns the columns that distinguish a site's rows, separated by commas
   */
  static String visits(List<KnownReport> reports, String columns, String none) {
    String own =
        Stream.of(columns.split(", ", -1)).map(c -> "t." + c).collect(Collectors.joining(", "));
    return new SourceChoice(reports)
        .union(
            (report, choice) ->
                "SELECT t.site_id, "
                    + own
                    + ", t.visits, i.covers_to, i.zone FROM "
                    + report.table()
                    + " t"
                    + report.entry("i", "t")
                    + choice.join("t", report.period("t"))
                    + " WHERE true"
                    + choice.isFrom(report, report.period("t")),
            none);
  }

  /**
   * Returns the columns of the aggregates and of the bounces.
   *
   * @param mayBeUnknown whether a row {@code w} says which measures are not known of it, as {@code
   *     no_} before their names
   */
  private static String measures(SourceChoice choice, boolean mayBeUnknown) {
    StringBuilder sql = new StringBuilder();
    for (Aggregate a : Measures.OF_PAGEVIEWS) {
      sql.append(", ")
          .append(
              choice.ofReport(
                  n ->
                      measure(
                          a,
                          choice.reports().get(n),
                          alias(choice, "t", n),
                          mayBeUnknown ? alias(choice, "w", n) : null)))
          .append(" AS ")
          .append(a.apiName());
    }
    return sql.append(", ")
        .append(
            choice.ofReport(
                n ->
                    bounces(
                        choice.reports().get(n),
                        alias(choice, "t", n),
                        mayBeUnknown ? alias(choice, "w", n) : null)))
        .append(" AS bounces")
        .toString();
  }

  private static String measure(
      Aggregate aggregate, KnownReport report, String row, @Nullable String unknown) {
    String name = aggregate.apiName();
    if (!report.has(aggregate)) {
      return "NULL::" + Measures.type(aggregate);
    }
    return Measures.type(aggregate).equals(Measures.BIGINT)
        ? "CASE WHEN %s.site_id IS NOT NULL THEN %s.%s WHEN c.measured%s THEN 0 END"
            .formatted(
                row,
                row,
                name,
                unknown == null ? "" : " AND NOT coalesce(" + unknown + ".no_" + name + ", false)")
        : row + "." + name;
  }

  private static String bounces(KnownReport report, String row, @Nullable String unknown) {
    if (!report.has(Aggregate.VISITS) || !report.has(Aggregate.BOUNCE_RATE)) {
      // Not 0 on days without visits, either: a sum would take it for all days.
      return "NULL::bigint";
    }
    return "(CASE"
        + (unknown == null
            ? ""
            : " WHEN %s.no_visits OR %s.no_bounce_rate THEN NULL".formatted(unknown, unknown))
        + " WHEN "
        + row
        + ".site_id IS NOT NULL THEN "
        + Measures.bounces(row + ".visits", row + ".bounce_rate")
        + " WHEN c.measured THEN 0 END)::bigint";
  }
}
