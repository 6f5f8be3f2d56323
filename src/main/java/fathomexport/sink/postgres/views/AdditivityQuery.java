package fathomexport.sink.postgres.views;

import fathomexport.report.Aggregate;
import fathomexport.sink.postgres.db.Sql;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What {@link Additivity} measures, as one query over the whole ledger: for engines in which
 * nothing keeps the measurements up to date.
 */
final class AdditivityQuery {
  private AdditivityQuery() {}

  /**
   * Returns a query for {@code report, site_id, measure, direction, periods, agreed,
   * largest_difference} that reads {@code fathom_ops.ledger} and the reports' tables.
   */
  static String of(List<KnownReport> reports) {
    List<String> parts =
        Additivity.pairs(reports).stream()
            .flatMap(pair -> pair.measures().stream().map(measure -> one(pair, measure)))
            .toList();
    return "WITH l AS MATERIALIZED (SELECT * FROM fathom_ops.ledger WHERE stored AND status ="
        + " 'certified' AND covers_to = period_end)\n"
        + (parts.isEmpty()
            ? "SELECT NULL::text AS report, NULL::text AS site_id, NULL::text AS measure, NULL::text"
                + " AS direction, NULL::bigint AS periods, NULL::bigint AS agreed, NULL::numeric AS"
                + " largest_difference WHERE false"
            : String.join("\nUNION ALL\n", parts));
  }

  private static String one(Additivity.Pair pair, Aggregate measure) {
    KnownReport parts = pair.parts();
    KnownReport whole = pair.whole();
    String name = measure.apiName();
    String groups =
        pair.overDays() && parts.grouped()
            ? parts.fields().stream()
                .map(f -> "t." + Sql.name(f))
                .collect(Collectors.joining(", ", "ROW(", ")::text"))
            : "''";
    return """
    SELECT %s AS report, c.site_id, %s AS measure, %s AS direction, count(*) AS periods,
           count(*) FILTER (WHERE c.agrees) AS agreed, max(c.difference) AS largest_difference
      FROM (SELECT site_id, event_name, period,
                   bool_and(coalesce(own, 0) = coalesce(summed, 0)) AS agrees,
                   max(abs(coalesce(own, 0) - coalesce(summed, 0))) AS difference, max(parts) AS parts
              FROM (SELECT p.site_id, p.event_name, p.period, %s AS moment, %s AS groups, t.%s AS own
                      FROM %s p JOIN %s t ON t.site_id = p.site_id%s AND %s) w
              FULL JOIN (SELECT p.site_id, p.event_name, p.period, %s AS moment, %s AS groups,
                                sum(t.%s) AS summed, count(*) FILTER (WHERE t.%s > 0) AS parts
                           FROM %s p JOIN %s t ON t.site_id = p.site_id%s AND %s
                          GROUP BY 1, 2, 3, 4, 5) s USING (site_id, event_name, period, moment, groups)
             GROUP BY site_id, event_name, period) c
     WHERE c.parts > 1
     GROUP BY c.site_id\
    """
        .formatted(
            Sql.literal(parts.name()),
            Sql.literal(name),
            Sql.literal(pair.direction()),
            pair.overDays() ? "p.period" : "t." + whole.timeColumn(),
            groups,
            name,
            periods(pair),
            whole.table(),
            Additivity.event(whole),
            Additivity.within(pair, whole),
            pair.overDays() ? "p.period" : "t." + parts.timeColumn(),
            groups,
            name,
            name,
            periods(pair),
            parts.table(),
            Additivity.event(parts),
            Additivity.within(pair, parts));
  }

  /** Returns the periods that are certified on both sides, in the same zone and of one state. */
  private static String periods(Additivity.Pair pair) {
    return """
    (SELECT a.site_id, a.event_name, a.period, a.period_end
                        FROM l a JOIN l b ON b.report = %s AND b.definition = %s AND b.site_id = a.site_id AND b.event_name = a.event_name
                                         AND b.period BETWEEN a.period AND a.period_end AND b.zone IS NOT DISTINCT FROM a.zone
                       WHERE a.report = %s AND a.definition = %s AND a.rows > 0
                       GROUP BY a.site_id, a.event_name, a.period, a.period_end, a.%s
                      HAVING count(*) = %s AND sum(b.%s) IS NOT DISTINCT FROM a.%s)\
    """
        .formatted(
            Sql.literal(pair.parts().name()),
            Sql.literal(pair.parts().definition()),
            Sql.literal(pair.whole().name()),
            Sql.literal(pair.whole().definition()),
            pair.witness(),
            pair.overDays() ? "a.period_end - a.period + 1" : "1",
            pair.witness(),
            pair.witness());
  }
}
