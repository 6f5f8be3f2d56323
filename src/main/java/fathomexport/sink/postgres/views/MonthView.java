package fathomexport.sink.postgres.views;

import fathomexport.report.Aggregate;
import fathomexport.sink.postgres.db.Sql;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The view of a report by month. */
final class MonthView {
  static final String SUFFIX = "_month";

  private final KnownReport report;
  private final ReportColumns shared;
  private final SummedColumns sums;

  MonthView(KnownReport report) {
    this.report = report;
    this.shared = new ReportColumns(report);
    this.sums = new SummedColumns(report);
  }

  ViewDefinition view() {
    List<ViewColumn> columns = new ArrayList<>(shared.site("x"));
    columns.add(new ViewColumn("month", Measures.DATE, "x.month", "First day of the month"));
    columns.add(
        new ViewColumn(
            "days",
            "integer",
            "(x.month + interval '1 month')::date - x.month",
            "Number of days of the month, measured or not"));
    columns.add(
        new ViewColumn(
            "complete_days",
            "integer",
            "c.complete_days",
            "Number of its days that are complete or empty; the sums are whole where it equals"
                + " days"));
    columns.add(
        new ViewColumn(
            "state",
            Measures.TEXT,
            "coalesce(c.state, 'missing')",
            "The first that applies counts. stale: a day is stale; complete: every day of the month"
                + " is complete or empty; provisional: not over yet, and every day that is over is"
                + " complete or empty; otherwise incomplete, such as between the end of a day and"
                + " the run that fetches it, or where the first stored day or the last day of a"
                + " retired site or event lies within it, and the sums are those of the measured"
                + " days"));
    columns.addAll(shared.fields("x"));
    columns.addAll(sums.of("days", measure -> "w.no_" + measure.apiName()));
    String evidence =
        """
        LEFT JOIN fathom.site s ON s.site_id = x.site_id
        LEFT JOIN (SELECT k.site_id, k.event_name, k.month, k.complete_days,
                          fathom_ops.state_of_days((k.month + interval '1 month')::date - k.month, k.due_days,
                                                   k.newest_day >= (k.month + interval '1 month' - interval '1 day')::date OR k.oldest_day > k.month
                                                     OR fathom_ops.has_ended(k.site_id, k.event_name),
                                                   k.known_days, k.complete_days, k.empty_days, k.stale_days) AS state
                     FROM (SELECT o.site_id, o.event_name, date_trunc('month', o.date::timestamp)::date AS month,
                                  min(o.date) AS oldest_day,
                                  max(o.date) AS newest_day,
                                  count(*) AS due_days,
                                  count(*) FILTER (WHERE o.state <> 'missing') AS known_days,
                                  count(*) FILTER (WHERE o.state IN ('complete', 'empty')) AS complete_days,
                                  count(*) FILTER (WHERE o.state = 'empty') AS empty_days,
                                  count(*) FILTER (WHERE o.state = 'stale') AS stale_days
                             FROM fathom_ops.calendar o
                            WHERE o.report = %s
                            GROUP BY o.site_id, o.event_name, date_trunc('month', o.date::timestamp)::date) k) c
          ON c.site_id = x.site_id AND c.month = x.month AND c.event_name = x.event_name%s%s%s\
        """
            .formatted(
                Sql.literal(report.name()),
                unknownInMonth(),
                sums.addsUp("over_days"),
                sums.currency());
    return new ViewDefinition(
        report.name() + SUFFIX,
        "Report "
            + report.name()
            + " by month: one row per site"
            + (report.ofEvents() ? ", event" : "")
            + ", month"
            + report.fields().stream().map(f -> ", " + f).collect(Collectors.joining())
            + ". Sums only: what does not add up over days is null or left out",
        columns,
        "FROM (" + MonthSums.query(report) + ") x\n" + evidence,
        "FROM (" + MonthSums.ofRows(report) + ") x\n" + evidence);
  }

  /** Returns the join for the months of which a day was stored without a measure. */
  private String unknownInMonth() {
    List<Aggregate> measures = unknownMeasures();
    return measures.isEmpty()
        ? ""
        : """
        \nLEFT JOIN (SELECT q.site_id, q.event_name, q.month%s
                     FROM (SELECT l.site_id, l.event_name, date_trunc('month', l.period::timestamp)::date AS month%s
                             FROM fathom_ops.ledger l
                            WHERE l.report = %s AND l.stored AND l.definition <> %s) q
                    GROUP BY q.site_id, q.event_name, q.month) w
          ON w.site_id = x.site_id AND w.month = x.month AND w.event_name = x.event_name\
        """
            .formatted(
                measures.stream()
                    .map(a -> ", bool_or(q.no_%s) AS no_%s".formatted(a.apiName(), a.apiName()))
                    .collect(Collectors.joining()),
                measures.stream()
                    .map(a -> ", (" + ReportSums.isUnknown(report, a) + ") AS no_" + a.apiName())
                    .collect(Collectors.joining()),
                Sql.literal(report.name()),
                Sql.literal(report.definition()));
  }

  /** Returns the measures that a month of a group may lack in part. */
  private List<Aggregate> unknownMeasures() {
    return report.aggregates().stream().filter(a -> a != Aggregate.AVG_DURATION).toList();
  }
}
