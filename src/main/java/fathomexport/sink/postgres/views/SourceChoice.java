package fathomexport.sink.postgres.views;

import fathomexport.report.DateGrouping;
import fathomexport.sink.postgres.db.Sql;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Which of several reports of one date grouping that measure the same a site's rows are taken from.
 * Of each month it is the one that has most days of it stored, the first of {@link
 * KnownReport#PREFERRED} where several have as many; of reports by month or year it is decided for
 * each period. So a short report does not hide a long one, and one that was replaced gives way. A
 * day before the first or after the last stored day of that report is taken from another one that
 * reaches it. The page of {@code describe} follows the same rule.
 */
final class SourceChoice {
  private final List<KnownReport> reports;

  /**
   * @param reports reports on pageviews, all of one date grouping, in the order of preference
   */
  SourceChoice(List<KnownReport> reports) {
    this.reports = List.copyOf(reports);
  }

  /** Returns the joins that {@link #isFrom} needs; none if there is no choice. */
  String joins(String row, String day) {
    if (reports.size() < 2) {
      return "";
    }
    String names =
        reports.stream().map(r -> Sql.literal(r.name())).collect(Collectors.joining(", "));
    String ends =
        each(
            n ->
                ", min(l.period) FILTER (WHERE l.report = %s) AS first_%d, max(l.period) FILTER (WHERE l.report = %s) AS last_%d"
                    .formatted(name(n), n, name(n), n),
            "");
    return """
        \n  LEFT JOIN (SELECT DISTINCT ON (n.site_id, n.part) n.site_id, n.part, n.report
                       FROM (SELECT l.site_id, %s AS part, l.report, sum(l.covers_to - l.period + 1) AS days
                               FROM fathom_ops.ledger l
                              WHERE l.report IN (%s) AND l.event_name = '' AND l.stored
                              GROUP BY l.site_id, %s, l.report) n
                      ORDER BY n.site_id, n.part, n.days DESC, CASE n.report%s END) k
            ON k.site_id = %s.site_id AND k.part = %s
          LEFT JOIN (SELECT l.site_id%s
                       FROM fathom_ops.ledger l
                      WHERE l.report IN (%s) AND l.event_name = '' AND l.stored
                      GROUP BY l.site_id) h
            ON h.site_id = %s.site_id\
        """
        .formatted(
            part("l.period"),
            names,
            part("l.period"),
            each(n -> " WHEN " + name(n) + " THEN " + n, ""),
            row,
            part(day),
            ends,
            names,
            row);
  }

  /** Returns the condition, after AND, that a row of a day is taken from a report. */
  String isFrom(KnownReport report, String day) {
    if (reports.size() < 2) {
      return "";
    }
    return " AND CASE"
        + each(n -> " WHEN k.report = %s AND %s THEN %d".formatted(name(n), within(n, day), n), "")
        + each(n -> " WHEN %s THEN %d".formatted(within(n, day), n), "")
        // Days of which nothing is stored are missing from each report that has begun.
        + each(n -> " WHEN %s >= h.first_%d THEN %d".formatted(day, n, n), "")
        + " END = "
        + reports.indexOf(report);
  }

  private static String within(int n, String day) {
    return "%s BETWEEN h.first_%d AND h.last_%d".formatted(day, n, n);
  }

  private String name(int n) {
    return Sql.literal(reports.get(n).name());
  }

  private String each(IntFunction<String> text, String between) {
    return IntStream.range(0, reports.size()).mapToObj(text).collect(Collectors.joining(between));
  }

  /** Returns the first day of what is decided at once. */
  private String part(String day) {
    DateGrouping grouping = reports.get(0).grouping();
    return grouping == DateGrouping.HOUR || grouping == DateGrouping.DAY
        ? "date_trunc('month', " + day + "::timestamp)::date"
        : day;
  }

  interface Query {
    /** Returns the query for the rows that are taken from a report. */
    String of(KnownReport report, SourceChoice choice);
  }

  /** Returns a query for the rows of all reports, each site's from the report that is chosen. */
  String union(Query query, String none) {
    if (reports.isEmpty()) {
      return none;
    }
    List<String> parts = new ArrayList<>();
    for (KnownReport report : reports) {
      parts.add(query.of(report, this));
    }
    return String.join("\nUNION ALL\n", parts);
  }

  /** Returns a report, and after it the others. */
  List<KnownReport> beginningWith(KnownReport report) {
    List<KnownReport> ordered = new ArrayList<>(List.of(report));
    reports.stream().filter(r -> !r.equals(report)).forEach(ordered::add);
    return ordered;
  }
}
