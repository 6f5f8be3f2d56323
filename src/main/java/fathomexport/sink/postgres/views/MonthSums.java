package fathomexport.sink.postgres.views;

import fathomexport.report.DateGrouping;
import fathomexport.sink.postgres.db.Queries;
import fathomexport.sink.postgres.db.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The sums of months for the views {@code <report>_month}. They are made at the end of a run, and
 * each says from which state of the ledger. A view takes them only while the ledger is in that
 * state, and sums up the rows otherwise: a window's commit has nothing to do for them, and they can
 * never differ from the rows. Months with few rows have none.
 */
public final class MonthSums {
  /** Fewer rows are summed up as quickly as their sums are looked up. */
  public static final int LEAST_ROWS = 500;

  /** The most months per report and run: a long history is done in several, newest first. */
  private static final int MONTHS_AT_ONCE = 300;

  private final Connection connection;
  private final int leastRows;

  public MonthSums(Connection connection, int leastRows) {
    this.connection = connection;
    this.leastRows = leastRows;
  }

  /** A month of a site whose sums are not those of the present rows. */
  private record Due(String site, String event, LocalDate month, String seen) {}

  static boolean serves(KnownReport report) {
    return report.grouping() == DateGrouping.DAY && (report.ofEvents() || report.grouped());
  }

  /** Returns whether a report has something to sum up. Others, such as of durations, have not. */
  private static boolean hasSums(KnownReport report) {
    return serves(report) && !ReportSums.of(report).isEmpty();
  }

  /**
   * Brings the sums up to date.
   *
   * @param stopped is asked before each month; the months that are left wait for the next call
   */
  public void update(BooleanSupplier stopped) throws SQLException {
    connection.setAutoCommit(false);
    for (KnownReport report : KnownReport.read(connection)) {
      if (hasSums(report)) {
        for (Due due : due(report)) {
          if (stopped.getAsBoolean()) {
            connection.rollback();
            return;
          }
          sum(report, due);
          connection.commit();
        }
      }
    }
    Queries.update(
        connection,
        """
        DELETE FROM fathom_ops.month_sum h
         WHERE NOT EXISTS (SELECT FROM fathom_ops.ledger l
                            WHERE l.report = h.report AND l.site_id = h.site_id AND l.event_name = h.event_name AND l.stored
                              AND l.period >= h.month AND l.period < (h.month + interval '1 month')::date)\
        """,
        p -> {});
    connection.commit();
  }

  /** Compiling a query takes longer than summing up one month. */
  private void withoutCompiling() throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("SET LOCAL jit = off");
    }
  }

  private List<Due> due(KnownReport report) throws SQLException {
    withoutCompiling();
    return Queries.list(
        connection,
        """
        SELECT m.site_id, m.event_name, m.month, m.seen
          FROM fathom_ops.stored_month m
         WHERE m.report = ? AND m.rows >= ?
           AND NOT EXISTS (SELECT FROM fathom_ops.month_sum_state h WHERE %s AND %s)
         ORDER BY m.month DESC, m.site_id, m.event_name
         LIMIT ?\
        """
            .formatted(ofMonth(), holds(report)),
        p -> p.text(report.name()).integer(leastRows).integer(MONTHS_AT_ONCE),
        r -> new Due(r.text("site_id"), r.text("event_name"), r.day("month"), r.text("seen")));
  }

  /**
   * Stores the sums of a month. The state of the ledger was read before the rows are: if they have
   * changed since, the sums are those of no state, and no view takes them.
   */
  private void sum(KnownReport report, Due due) throws SQLException {
    withoutCompiling();
    try (Statement statement = connection.createStatement()) {
      // After a load, the planner does not know yet how many rows there are. By itself it would
      // sort
      // them all, or read them by the small index on the days, which returns many more at first.
      statement.execute(
          "SET LOCAL work_mem = '64MB'; SET LOCAL enable_sort = off;"
              + " SET LOCAL enable_bitmapscan = off");
    }
    List<ReportSums> sums = ReportSums.of(report);
    long id =
        Queries.first(
                connection,
                """
                INSERT INTO fathom_ops.month_sum (report, site_id, event_name, month, seen)
                VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (report, site_id, event_name, month) DO UPDATE
                   SET seen = excluded.seen, made_at = pg_catalog.now()
                RETURNING id\
                """,
                p ->
                    p.text(report.name())
                        .text(due.site())
                        .text(due.event())
                        .day(due.month())
                        .text(columns(report) + due.seen()),
                r -> r.number("id"))
            .orElseThrow();
    Queries.update(
        connection, "DELETE FROM fathom_ops.month_group WHERE month_sum = ?", p -> p.number(id));
    long groups =
        Queries.update(
            connection,
            """
        INSERT INTO fathom_ops.month_group (month_sum, n, fields, %s)
        SELECT ?, row_number() OVER (), ARRAY[%s]::text[]%s
          FROM %s t
         WHERE t.site_id = ?%s AND t.date >= ? AND t.date < ?
         GROUP BY t.site_id%s\
        """
                .formatted(
                    ReportSums.names(sums),
                    fields(report).stream().collect(Collectors.joining(", ")),
                    sums.stream().map(s -> ", " + s.expression()).collect(Collectors.joining()),
                    report.table(),
                    report.ofEvents() ? " AND t.event_name = ?" : "",
                    fields(report).stream().map(f -> ", " + f).collect(Collectors.joining())),
            p -> {
              p.number(id).text(due.site());
              if (report.ofEvents()) {
                p.text(due.event());
              }
              p.day(due.month()).day(due.month().plusMonths(1));
            });
    Queries.update(
        connection,
        "UPDATE fathom_ops.month_sum SET groups = ? WHERE id = ?",
        p -> p.number(groups).number(id));
  }

  private static List<String> fields(KnownReport report) {
    return report.fields().stream().map(f -> "t." + Sql.name(f)).toList();
  }

  /** Returns what the sums consist of, as the beginning of {@code seen}. */
  private static String columns(KnownReport report) {
    return String.join(",", report.fields()) + " " + ReportSums.names(ReportSums.of(report)) + " ";
  }

  /**
   * Returns the condition that the sums {@code h} of {@code fathom_ops.month_sum_state} hold.
   * Whether all groups are there would take as long as to read them; the last one is gone if all
   * were removed. As a CASE, since the planner takes an equality of texts for a rare one, and would
   * expect a single month.
   */
  private static String holds(KnownReport report) {
    return "h.report = %s AND CASE WHEN h.seen = %s || h.seen_now THEN EXISTS (SELECT FROM fathom_ops.month_group e WHERE e.month_sum = h.id AND e.n = h.groups) ELSE false END"
        .formatted(Sql.literal(report.name()), Sql.literal(columns(report)));
  }

  private static String ofMonth() {
    return "h.site_id = m.site_id AND h.event_name = m.event_name AND h.month = m.month";
  }

  /**
   * Returns a query for {@code site_id}, {@code event_name}, {@code month}, the fields and the sums
   * of a report: the stored sums that hold, and those of the rows of all other months. A filter on
   * the site or the month decides which months are read at all.
   *
   * <p>That a month has no sums is written as an equality, which the planner takes for rare. It
   * takes {@code IS NULL} for usual, and would expect to sum up all rows.
   */
  static String query(KnownReport report) {
    if (!hasSums(report)) {
      return ofRows(report);
    }
    List<ReportSums> sums = ReportSums.of(report);
    return """
        SELECT h.site_id, h.event_name, h.month%s
          FROM fathom_ops.month_sum_state h
          JOIN fathom_ops.month_group g ON g.month_sum = h.id
         WHERE %s
        UNION ALL
        SELECT m.site_id, m.event_name, m.month%s
          FROM fathom_ops.stored_month m
          LEFT JOIN fathom_ops.month_sum_state h
            ON %s AND %s
         CROSS JOIN LATERAL
               (SELECT %s%s
                  FROM %s t
                 WHERE t.site_id = m.site_id%s
                   AND t.date >= m.month AND t.date < (m.month + interval '1 month')::date
                 GROUP BY t.site_id%s) d
         WHERE m.report = %s
           AND coalesce(h.id, 0) = 0\
        """
        .formatted(
            IntStream.range(0, report.fields().size())
                    .mapToObj(
                        i -> ", g.fields[" + (i + 1) + "] AS " + Sql.name(report.fields().get(i)))
                    .collect(Collectors.joining())
                + sums.stream().map(s -> ", g." + s.name()).collect(Collectors.joining()),
            holds(report),
            report.fields().stream().map(f -> ", d." + Sql.name(f)).collect(Collectors.joining())
                + sums.stream().map(s -> ", d." + s.name()).collect(Collectors.joining()),
            ofMonth(),
            holds(report),
            fields(report).stream().map(f -> f + ", ").collect(Collectors.joining()),
            ReportSums.columns(sums).substring(2),
            report.table(),
            report.ofEvents() ? " AND t.event_name = m.event_name" : "",
            fields(report).stream().map(f -> ", " + f).collect(Collectors.joining()),
            Sql.literal(report.name()));
  }

  /** Returns the same query from the rows alone, for engines in which nothing stores sums. */
  static String ofRows(KnownReport report) {
    return "SELECT t.site_id, %s AS event_name, date_trunc('month', t.date::timestamp)::date AS month%s%s\n  FROM %s t\n GROUP BY t.site_id%s, date_trunc('month', t.date::timestamp)::date%s"
        .formatted(
            report.eventKey("t"),
            fields(report).stream().map(f -> ", " + f).collect(Collectors.joining()),
            ReportSums.columns(ReportSums.of(report)),
            report.table(),
            report.ofEvents() ? ", t.event_name" : "",
            fields(report).stream().map(f -> ", " + f).collect(Collectors.joining()));
  }
}
