package fathomexport.sink.postgres.views;

import fathomexport.report.Aggregate;
import fathomexport.sink.postgres.db.Sql;
import java.util.ArrayList;
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
        // Null is also what the API reports of conversions without a value: see valueIsUnknown.
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
   * Returns the condition that a period of the ledger {@code l} has rows that were stored without
   * the value: the API also reports null, of conversions without a value.
   */
  static String valueIsUnknown(KnownReport report) {
    return "l.rows > 0 AND l.definition <> %s AND NOT EXISTS (SELECT FROM fathom_ops.report_definition d WHERE d.report = l.report AND d.digest = l.definition AND d.aggregates::text LIKE '%%value%%')"
        .formatted(Sql.literal(report.definition()));
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
