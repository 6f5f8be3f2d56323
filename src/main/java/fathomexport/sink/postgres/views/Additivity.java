package fathomexport.sink.postgres.views;

import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.sink.postgres.db.Queries;
import fathomexport.sink.postgres.db.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;

/**
 * Measures whether measures add up: the sum over the rows of one report against the number that
 * another report has for the whole, for periods that are certified on both sides. Months whose
 * ledger entries have not changed are not measured again.
 */
public final class Additivity {
  /** The most site-months per pair of reports and run: a long history is measured in several. */
  private static final int MONTHS_AT_ONCE = 300;

  /**
   * Removes the measurements of months (or years) of which neither report has a ledger entry any
   * more: what is not stored is no evidence, and {@link AdditivityQuery} has none of it either. A
   * list of all stored months is made once; looking into the ledger for each measurement would read
   * it hundreds of times.
   */
  private static final String REMOVAL_OF_DROPPED =
      """
      DELETE FROM fathom_ops.additivity a
       USING fathom_ops.report w,
             LATERAL (VALUES (w.date_grouping = 'year')) u (of_year)
       WHERE w.report = a.against
         AND (a.report, a.site_id, a.month, u.of_year) NOT IN (%1$s)
         AND (a.against, a.site_id, a.month, u.of_year) NOT IN (%1$s)\
      """
          .formatted(
              """
              SELECT l.report, l.site_id, date_trunc('month', l.period)::date, false FROM fathom_ops.ledger l
               UNION
              SELECT l.report, l.site_id, date_trunc('year', l.period)::date, true FROM fathom_ops.ledger l\
              """);

  private final Connection connection;

  public Additivity(Connection connection) {
    this.connection = connection;
  }

  /**
   * Two reports to compare.
   *
   * @param parts the report whose rows are summed
   * @param whole the report that has the whole's own number
   */
  record Pair(KnownReport parts, KnownReport whole) {
    boolean overDays() {
      return parts.grouping() != whole.grouping();
    }

    String direction() {
      return overDays() ? "over_days" : "over_groups";
    }

    /**
     * Returns the column of the ledger with the sum that is the same on both sides unless one of
     * them was fetched before the numbers of the other changed. Such a period says nothing.
     */
    String witness() {
      return parts.ofEvents() ? "conversions_sum" : "pageviews_sum";
    }

    /** Returns the measures that both have and that are counts. */
    List<Aggregate> measures() {
      return parts.aggregates().stream()
          .filter(whole::has)
          .filter(a -> Measures.type(a).equals(Measures.BIGINT))
          .toList();
    }
  }

  /**
   * Brings {@code fathom_ops.additivity} up to date.
   *
   * @param stopped is asked before each pair of reports; the pairs that are left wait for the next
   *     call
   */
  public void measure(BooleanSupplier stopped) throws SQLException {
    connection.setAutoCommit(false);
    List<KnownReport> reports = KnownReport.read(connection);
    List<Pair> pairs = pairs(reports);
    for (Pair pair : pairs) {
      if (stopped.getAsBoolean()) {
        connection.rollback();
        return;
      }
      measure(pair);
      connection.commit();
    }
    withoutCompiling();
    Queries.update(connection, removalOfOthers(pairs), p -> {});
    Queries.update(connection, REMOVAL_OF_DROPPED, p -> {});
    connection.commit();
  }

  /** Returns the statement that removes the measurements of what is no longer compared. */
  private static String removalOfOthers(List<Pair> pairs) {
    String compared =
        pairs.stream()
            .flatMap(
                pair ->
                    pair.measures().stream()
                        .map(
                            measure ->
                                "(%s, %s, %s, %s)"
                                    .formatted(
                                        Sql.literal(pair.parts().name()),
                                        Sql.literal(pair.whole().name()),
                                        Sql.literal(pair.direction()),
                                        Sql.literal(measure.apiName()))))
            .collect(Collectors.joining(", "));
    return "DELETE FROM fathom_ops.additivity a"
        + (compared.isEmpty()
            ? ""
            : " WHERE (a.report, a.against, a.direction, a.measure) NOT IN (VALUES "
                + compared
                + ")");
  }

  /** Returns all pairs of reports that say something about each other. */
  static List<Pair> pairs(List<KnownReport> reports) {
    List<Pair> pairs = new ArrayList<>();
    for (KnownReport parts : reports) {
      for (KnownReport whole : reports) {
        if (parts.entity() != whole.entity() || !parts.filters().equals(whole.filters())) {
          continue;
        }
        boolean groups =
            parts.grouping() == whole.grouping()
                && parts.grouping() != DateGrouping.NONE
                && parts.grouped()
                && !whole.grouped();
        boolean days =
            parts.grouping() == DateGrouping.DAY
                && (whole.grouping() == DateGrouping.MONTH || whole.grouping() == DateGrouping.YEAR)
                && parts.sameFields(whole);
        Pair pair = new Pair(parts, whole);
        if ((groups || days) && !pair.measures().isEmpty()) {
          pairs.add(pair);
        }
      }
    }
    return pairs;
  }

  private void measure(Pair pair) throws SQLException {
    withoutCompiling();
    Queries.update(connection, statement(pair), p -> {});
  }

  /** Until the transaction ends, has the server run statements as they are, in memory. */
  private void withoutCompiling() throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET LOCAL jit = off; SET LOCAL work_mem = '64MB'");
    }
  }

  /** Returns the statement that measures what has changed of two reports. */
  static String statement(Pair pair) {
    KnownReport parts = pair.parts();
    KnownReport whole = pair.whole();
    String seen =
        Sql.literal(parts.definition() + " " + whole.definition() + " " + pair.witness() + " ")
            + " || count(*) || ' ' || sum((extract(epoch FROM l.committed_at) * 1000000)::bigint)";
    List<Aggregate> measures = pair.measures();
    String unit = whole.grouping() == DateGrouping.YEAR ? "year" : "month";
    return """
        INSERT INTO fathom_ops.additivity
          (report, against, site_id, measure, direction, month, periods, agreed, largest_difference, seen)
        WITH changed AS (
          SELECT l.site_id, date_trunc('%s', l.period)::date AS month, %s AS seen
            FROM fathom_ops.ledger l
           WHERE l.report IN (%s, %s)
           GROUP BY 1, 2),
        due AS MATERIALIZED (
          SELECT c.*
            FROM changed c
           WHERE NOT EXISTS (SELECT FROM fathom_ops.additivity a
                              WHERE a.report = %s AND a.against = %s AND a.direction = %s
                                AND a.site_id = c.site_id AND a.month = c.month AND a.seen = c.seen)
           ORDER BY c.month DESC, c.site_id
           LIMIT %d),
        period AS MATERIALIZED (
          SELECT w.site_id, w.event_name, w.period, w.period_end, d.month
            FROM due d
            JOIN fathom_ops.ledger w
              ON w.report = %s AND w.site_id = d.site_id AND w.period >= d.month AND w.period < (d.month + interval '1 %s')::date
           WHERE w.stored AND w.status = 'certified' AND w.definition = %s AND w.covers_to = w.period_end AND w.rows > 0
             AND (SELECT count(*) = %s AND sum(p.%s) IS NOT DISTINCT FROM w.%s
                    FROM fathom_ops.ledger p
                   WHERE p.report = %s AND p.site_id = w.site_id AND p.event_name = w.event_name
                     AND p.period BETWEEN w.period AND w.period_end AND p.covers_to = p.period_end
                     AND p.stored AND p.status = 'certified' AND p.definition = %s
                     AND p.zone IS NOT DISTINCT FROM w.zone)),
        part AS (
          SELECT p.site_id, p.event_name, p.period, %s AS at, %s AS groups%s
            FROM period p
            JOIN %s t ON t.site_id = p.site_id%s AND %s
           GROUP BY 1, 2, 3, 4, 5),
        whole AS (
          SELECT p.site_id, p.event_name, p.period, %s AS at, %s AS groups%s
            FROM period p
            JOIN %s t ON t.site_id = p.site_id%s AND %s),
        compared AS (
          SELECT site_id, event_name, period, m.measure,
                 bool_and(m.own = m.summed) AS agrees, max(abs(m.own - m.summed)) AS difference, max(m.parts) AS parts
            FROM whole FULL JOIN part USING (site_id, event_name, period, at, groups)
           CROSS JOIN LATERAL (VALUES %s) m (measure, own, summed, parts)
           GROUP BY site_id, event_name, period, m.measure)
        SELECT %s, %s, d.site_id, m.measure, %s, d.month,
               count(c.period), count(c.period) FILTER (WHERE c.agrees), coalesce(max(c.difference), 0), d.seen
          FROM due d
         CROSS JOIN (VALUES %s) m (measure)
          LEFT JOIN (SELECT x.*, p.month
                       FROM compared x
                       JOIN period p USING (site_id, event_name, period)
                      WHERE x.parts > 1) c
            ON c.site_id = d.site_id AND c.month = d.month AND c.measure = m.measure
         GROUP BY d.site_id, d.month, d.seen, m.measure
        ON CONFLICT (report, against, site_id, measure, direction, month) DO UPDATE
           SET periods = excluded.periods, agreed = excluded.agreed,
               largest_difference = excluded.largest_difference, seen = excluded.seen,
               measured_at = pg_catalog.now()\
        """
        .formatted(
            unit,
            seen,
            Sql.literal(parts.name()),
            Sql.literal(whole.name()),
            Sql.literal(parts.name()),
            Sql.literal(whole.name()),
            Sql.literal(pair.direction()),
            MONTHS_AT_ONCE,
            Sql.literal(whole.name()),
            unit,
            Sql.literal(whole.definition()),
            pair.overDays() ? "w.period_end - w.period + 1" : "1",
            pair.witness(),
            pair.witness(),
            Sql.literal(parts.name()),
            Sql.literal(parts.definition()),
            pair.overDays() ? "p.period" : "t." + parts.timeColumn(),
            pair.overDays() ? groups(parts) : "''",
            measures.stream()
                .map(
                    a ->
                        ", sum(t.%s) AS %s, count(*) FILTER (WHERE t.%s > 0) AS parts_%s"
                            .formatted(a.apiName(), a.apiName(), a.apiName(), a.apiName()))
                .collect(Collectors.joining()),
            parts.table(),
            event(parts),
            within(pair, parts),
            pair.overDays() ? "p.period" : "t." + whole.timeColumn(),
            pair.overDays() ? groups(parts) : "''",
            measures.stream()
                .map(a -> ", t." + a.apiName() + " AS own_" + a.apiName())
                .collect(Collectors.joining()),
            whole.table(),
            event(whole),
            within(pair, whole),
            measures.stream()
                .map(
                    a ->
                        "('%s', coalesce(own_%s, 0)::numeric, coalesce(%s, 0)::numeric, parts_%s)"
                            .formatted(a.apiName(), a.apiName(), a.apiName(), a.apiName()))
                .collect(Collectors.joining(", ")),
            Sql.literal(parts.name()),
            Sql.literal(whole.name()),
            Sql.literal(pair.direction()),
            measures.stream()
                .map(a -> "('" + a.apiName() + "')")
                .collect(Collectors.joining(", ")));
  }

  /** Returns a text that is equal for equal groups only, null and the empty text included. */
  private static String groups(KnownReport report) {
    return report.fields().isEmpty()
        ? "''"
        : report.fields().stream()
            .map(f -> "t." + Sql.name(f))
            .collect(Collectors.joining(", ", "ROW(", ")::text"));
  }

  /** Returns the condition that a row is of the period's event; empty for pageviews. */
  static String event(KnownReport report) {
    return report.ofEvents() ? " AND t.event_name = p.event_name" : "";
  }

  /**
   * Returns the condition that a row of one of the reports lies in the period. It contains an
   * equality, by which a row finds its period. With a range alone, the planner may compare each row
   * with all periods of its site: hours, where a site has years of them.
   */
  static String within(Pair pair, KnownReport report) {
    if (report.grouping() == DateGrouping.HOUR) {
      return "t.hour >= p.period AND t.hour < p.period_end + 1 AND t.hour::date = p.period";
    }
    return pair.overDays() && report.equals(pair.parts())
        ? "t.date BETWEEN p.period AND p.period_end AND date_trunc('"
            + pair.whole().grouping().apiName()
            + "', t.date::timestamp)::date = p.period"
        : "t.date = p.period";
  }
}
