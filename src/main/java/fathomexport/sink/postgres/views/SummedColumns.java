package fathomexport.sink.postgres.views;

import fathomexport.report.Aggregate;
import fathomexport.sink.postgres.db.Sql;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** The measures of a view that sums rows of a report, and the joins that they need. */
final class SummedColumns {
  private final KnownReport report;

  SummedColumns(KnownReport report) {
    this.report = report;
  }

  /** Says of a measure whether rows of a sum were stored without it. */
  interface Unknown {
    /** Returns the condition; empty if all groups of a sum are null then anyway. */
    String of(Aggregate measure);
  }

  /** Returns a sum, or null for all groups alike if some of their rows lack the measure. */
  private static String whereKnown(String sum, String... unknown) {
    String conditions =
        Arrays.stream(unknown)
            .filter(condition -> !condition.isEmpty())
            .map(condition -> "NOT coalesce(" + condition + ", false)")
            .collect(Collectors.joining(" AND "));
    return conditions.isEmpty() ? sum : "(CASE WHEN " + conditions + " THEN " + sum + " END)";
  }

  /** Returns the columns for {@link ReportSums} of a subquery {@code x}. */
  List<ViewColumn> of(String parts, Unknown unknown) {
    List<ViewColumn> columns = new ArrayList<>();
    for (Aggregate a : report.aggregates()) {
      String name = a.apiName();
      String sum = whereKnown("x." + (a == Aggregate.VALUE ? "value_cents" : name), unknown.of(a));
      switch (a) {
        case VISITS ->
            columns.add(
                new ViewColumn(
                    name,
                    Measures.BIGINT,
                    "CASE WHEN coalesce(u.visits, true) THEN " + sum + " END",
                    (report.byPage()
                            ? "Sum of the entrances (visits by the page where they began) of the "
                            : "Sum of the visits of the ")
                        + parts
                        + "; null where visits were measured not to add up"));
        case UNIQUES, UNIQUE_CONVERSIONS ->
            columns.add(
                new ViewColumn(
                    name,
                    Measures.BIGINT,
                    "CASE WHEN coalesce(u.%s, false) THEN %s END".formatted(name, sum),
                    "Sum over the "
                        + parts
                        + " where fathom_bi.additivity shows that it is the number of the whole;"
                        + " otherwise null"));
        case PAGEVIEWS, CONVERSIONS ->
            columns.add(new ViewColumn(name, Measures.BIGINT, sum, "Sum over the " + parts));
        case VALUE -> columns.addAll(new ReportColumns(report).money(sum));
        // Averages have no weight; the bounce rate has one, and comes with the bounces.
        case AVG_DURATION, BOUNCE_RATE -> {}
      }
    }
    if (report.has(Aggregate.VISITS) && report.has(Aggregate.BOUNCE_RATE)) {
      columns.add(
          new ViewColumn(
              "bounces",
              Measures.BIGINT,
              whereKnown(
                  "x.bounces", unknown.of(Aggregate.VISITS), unknown.of(Aggregate.BOUNCE_RATE)),
              Measures.bounces(report.grouping(), report.byPage())
                  + "; null for all groups alike where rows were stored without the bounce rate"));
      columns.add(
          new ViewColumn(
              "bounce_rate",
              Measures.DOUBLE,
              "100 * " + Measures.ratio("x.bounces", "x.rated_visits"),
              "Bounce rate in percent: the rates of the "
                  + parts
                  + " weighted with their "
                  + (report.byPage() ? "entrances" : "visits")));
    }
    return columns;
  }

  String addsUp(String direction) {
    return "\nLEFT JOIN fathom_ops.adds_up u ON u.report = "
        + Sql.literal(report.name())
        + " AND u.site_id = x.site_id AND u.direction = "
        + Sql.literal(direction);
  }

  String currency() {
    return report.has(Aggregate.VALUE)
        ? "\nLEFT JOIN fathom.event e ON e.site_id = x.site_id AND e.event_name = x.event_name"
        : "";
  }

  String event(String prefix) {
    return report.ofEvents() ? prefix + "event_name" : "";
  }
}
