package fathomexport.sink.postgres.views;

import fathomexport.report.Aggregate;
import fathomexport.sink.postgres.db.Sql;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The sums over rows {@code t} of a report that its views are made of.
 *
 * @param name the column's name in subqueries and in {@code fathom_ops.month_group}
 */
record ReportSums(String name, String expression) {
  /** Returns the sums of a report, in the order of its aggregates. */
  static List<ReportSums> of(KnownReport report) {
    List<ReportSums> sums = new ArrayList<>();
    for (Aggregate a : report.aggregates()) {
      if (a == Aggregate.VALUE) {
        // Null is also what the API reports of conversions without a value: see isUnknown.
        sums.add(new ReportSums("value_cents", "sum(t.value)::bigint"));
      } else if (Measures.type(a).equals(Measures.BIGINT)) {
        sums.add(new ReportSums(a.apiName(), Measures.sum("t." + a.apiName())));
      }
    }
    if (report.has(Aggregate.VISITS) && report.has(Aggregate.BOUNCE_RATE)) {
      String bounces = Measures.bounces("t.visits", "t.bounce_rate");
      sums.add(new ReportSums("bounces", Measures.sum(bounces)));
      sums.add(
          new ReportSums(
              "rated_visits",
              "(sum(t.visits) FILTER (WHERE (" + bounces + ") IS NOT NULL))::bigint"));
    }
    return sums;
  }

  /**
   * Returns the condition that a period of the ledger {@code l} has rows that were stored without a
   * measure, or whose column was dropped. The rows do not tell: of conversions without a value, and
   * of the bounce rate without visits, the API reports null, too. Those two are also unknown under
   * a definition of which nothing is recorded.
   */
  static String isUnknown(KnownReport report, Aggregate measure) {
    boolean orNull = measure == Aggregate.VALUE || measure == Aggregate.BOUNCE_RATE;
    return underAnother(
        report,
        measure,
        "%sEXISTS (SELECT FROM fathom_ops.report_definition d WHERE d.report = l.report AND d.digest = split_part(l.definition, ' ', 1) AND %s%s)"
            .formatted(orNull ? "NOT " : "", orNull ? "" : "NOT ", measured(measure)));
  }

  /** Returns the condition that an entry has rows under another definition that lacks a measure. */
  private static String underAnother(KnownReport report, Aggregate measure, String lacking) {
    // Where a column was dropped and made again, its name follows the digest.
    return "l.rows > 0 AND l.definition <> %s AND ((l.definition || ',') LIKE '%% %s,%%' OR %s)"
        .formatted(Sql.literal(report.definition()), measure.apiName(), lacking);
  }

  /** Returns the condition that a definition {@code d} has a measure. */
  private static String measured(Aggregate measure) {
    return "d.aggregates::text ~ '.*[^a-z_]%s[^a-z_].*'".formatted(measure.apiName());
  }

  /**
   * Returns the join for {@link #isUnknownInRow}. It looks at each definition once: a lookup of it
   * in the columns is priced for every row, and few rows of a report are enough to be compiled
   * then.
   */
  static String definitions(KnownReport report, Aggregate... measures) {
    return "\nLEFT JOIN (SELECT d.digest%s FROM fathom_ops.report_definition d WHERE d.report = %s GROUP BY d.digest) fd ON fd.digest = split_part(l.definition, ' ', 1)"
        .formatted(
            Arrays.stream(measures)
                .map(m -> ", bool_or(" + measured(m) + ") AS has_" + m.apiName())
                .collect(Collectors.joining()),
            Sql.literal(report.name()));
  }

  /**
   * Returns the condition of {@link #isUnknown} for a measure that the API reports as null, too, in
   * a view that reads the rows and has {@link #definitions} joined.
   */
  static String isUnknownInRow(KnownReport report, Aggregate measure) {
    return underAnother(report, measure, "fd.has_" + measure.apiName() + " IS NOT TRUE");
  }

  /** Returns the names, separated by commas. */
  static String names(List<ReportSums> sums) {
    return sums.stream().map(ReportSums::name).collect(Collectors.joining(", "));
  }

  /** Returns the expressions with their names, each after a comma. */
  static String columns(List<ReportSums> sums) {
    return sums.stream()
        .map(s -> ", " + s.expression() + " AS " + s.name())
        .collect(Collectors.joining());
  }
}
