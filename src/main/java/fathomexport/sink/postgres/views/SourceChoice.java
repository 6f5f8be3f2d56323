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
 * A day is taken from a report that has it stored: of several, from the one that has most days of
 * the month, the first of {@link KnownReport#PREFERRED} where several have as many. Of reports by
 * month or year it is decided for each period. So a short report does not hide a long one, one that
 * was replaced gives way, and no day is missing that is stored. The page of {@code describe}
 * follows the same rule.
 *
 * <p>The ledger is read once for all of it: of each month it says how many days each report has,
 * and which, as the bits of a number. To look up each day would cost more than the view does.
 */
final class SourceChoice {
  private final List<KnownReport> reports;

  /**
   * @param reports reports on pageviews, all of one date grouping, in the order of preference
   */
  SourceChoice(List<KnownReport> reports) {
    this.reports = List.copyOf(reports);
  }

  List<KnownReport> reports() {
    return reports;
  }

  boolean several() {
    return reports.size() > 1;
  }

  /**
   * Returns the join that {@link #isFrom} and {@link #isChosen} need; none if there is no choice.
   */
  String join(String row, String day) {
    if (!several()) {
      return "";
    }
    String stored =
        each(
            n ->
                ", sum(l.covers_to - l.period + 1) FILTER (WHERE l.report = %s) AS days_%d, bit_or(%s) FILTER (WHERE l.report = %s) AS stored_%d"
                    .formatted(name(n), n, bit("l.period", part("l.period")), name(n), n),
            "");
    return """
        \n  LEFT JOIN (SELECT l.site_id, %s AS part%s
                       FROM fathom_ops.ledger l
                      WHERE l.report IN (%s) AND l.event_name = '' AND l.stored
                      GROUP BY l.site_id, %s) k
            ON k.site_id = %s.site_id AND k.part = %s\
        """
        .formatted(
            part("l.period"), stored, each(this::name, ", "), part("l.period"), row, part(day));
  }

  /** Returns the condition, after AND, that a stored row of a day is taken from a report. */
  String isFrom(KnownReport report, String day) {
    return several()
        ? " AND " + chosen(day, n -> String.valueOf(reports.get(n).equals(report)), "false")
        : "";
  }

  /**
   * Returns the condition that a row {@code c} of the calendar is of the report that its day is
   * taken from. It is a boolean as a whole, of which the planner expects one half to pass; of an
   * equation it would expect next to nothing, and look up for each row what it can read at once.
   */
  String isChosen() {
    if (!several()) {
      return "c.report = " + name(0);
    }
    return "c.report IN (%s) AND %s"
        .formatted(
            each(this::name, ", "),
            chosen(
                "c.date",
                n -> "c.report = " + name(n),
                "c.report = fathom_ops.source_of_missing(ARRAY[%s], c.site_id, c.date)"
                    .formatted(each(this::name, ", "))));
  }

  /** Returns a case for the report that has the day, and for none. */
  private String chosen(String day, IntFunction<String> report, String none) {
    IntFunction<String> days =
        n ->
            "CASE WHEN k.stored_%d & %s <> 0 THEN k.days_%d END"
                .formatted(n, bit(day, "k.part"), n);
    return "CASE greatest("
        + each(days, ", ")
        + ")"
        + each(n -> " WHEN " + days.apply(n) + " THEN " + report.apply(n), "")
        + " ELSE "
        + none
        + " END";
  }

  /** Returns an expression that may differ for each report of a row {@code c}. */
  String ofReport(IntFunction<String> expression) {
    return several()
        ? "CASE c.report"
            + each(n -> " WHEN " + name(n) + " THEN " + expression.apply(n), "")
            + " END"
        : expression.apply(0);
  }

  private String name(int n) {
    return Sql.literal(reports.get(n).name());
  }

  String each(IntFunction<String> text, String between) {
    return IntStream.range(0, reports.size()).mapToObj(text).collect(Collectors.joining(between));
  }

  /** Returns what stands for a day among the days of its month. */
  private static String bit(String day, String part) {
    return "(1 << (" + day + " - " + part + "))";
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

  /** Returns a query for the stored rows of all reports, each day's from the one that is chosen. */
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

  /** Returns the numbers of all reports, beginning with one. */
  List<Integer> beginningWith(int first) {
    List<Integer> ordered = new ArrayList<>(List.of(first));
    IntStream.range(0, reports.size()).filter(n -> n != first).forEach(ordered::add);
    return ordered;
  }
}
