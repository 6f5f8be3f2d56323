package fathomexport.sink.postgres.ledger;

import fathomexport.ledger.JournalCount;
import fathomexport.ledger.JournalLedger;
import fathomexport.ledger.QuarantinedRow;
import fathomexport.ledger.Restatement;
import fathomexport.ledger.RestatementReason;
import fathomexport.report.Slice;
import fathomexport.sink.postgres.db.Parameters;
import fathomexport.sink.postgres.db.Queries;
import fathomexport.sink.postgres.db.Row;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** The tables {@code quarantine} and {@code restatement}. */
public final class JournalTables implements JournalLedger {
  private static final String INSERT_QUARANTINED =
      """
      INSERT INTO fathom_ops.quarantine
        (report, site_id, event_name, window_id, run_id, at, raw_text, reason)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)\
      """;

  private final LedgerQueries queries;

  JournalTables(LedgerQueries queries) {
    this.queries = queries;
  }

  /** Writes quarantined rows within the transaction of their window. */
  public static void quarantine(Connection connection, List<QuarantinedRow> rows)
      throws SQLException {
    Queries.batch(connection, INSERT_QUARANTINED, rows, JournalTables::bind);
  }

  private static void bind(Parameters p, QuarantinedRow row) throws SQLException {
    p.text(row.report())
        .text(row.slice().site().value())
        .text(row.slice().eventKey())
        .text(row.windowId())
        .text(row.runId())
        .instant(row.at())
        .text(LedgerQueries.storable(row.rawText()))
        .text(LedgerQueries.storable(row.reason()));
  }

  @Override
  public List<QuarantinedRow> quarantined(String report, int limit) {
    return queries.list(
        """
        SELECT report, site_id, event_name, window_id, run_id, at, raw_text, reason
          FROM fathom_ops.quarantine
         WHERE report = ? AND settled_at IS NULL
         ORDER BY at DESC, id DESC
         LIMIT ?\
        """,
        p -> p.text(report).integer(limit),
        JournalTables::quarantinedRow);
  }

  @Override
  public List<QuarantinedRow> quarantined(
      String report, Slice slice, Collection<String> windowIds) {
    return queries.list(
        """
        SELECT report, site_id, event_name, window_id, run_id, at, raw_text, reason
          FROM fathom_ops.quarantine
         WHERE report = ? AND site_id = ? AND event_name = ? AND window_id = ANY (?)
           AND settled_at IS NULL
         ORDER BY at DESC, id DESC\
        """,
        p -> p.text(report).text(slice.site().value()).text(slice.eventKey()).texts(windowIds),
        JournalTables::quarantinedRow);
  }

  private static QuarantinedRow quarantinedRow(Row r) throws SQLException {
    return new QuarantinedRow(
        r.text("report"),
        LedgerQueries.slice(r),
        r.text("window_id"),
        r.text("run_id"),
        r.instant("at"),
        r.text("raw_text"),
        r.text("reason"));
  }

  @Override
  public List<Restatement> restatements(String report, int limit) {
    return queries.list(
        """
        SELECT report, site_id, event_name, day, measure, before, after, restated_at, run_id,
               reason
          FROM fathom_ops.restatement
         WHERE report = ?
         ORDER BY restated_at DESC, id DESC
         LIMIT ?\
        """,
        p -> p.text(report).integer(limit),
        JournalTables::restatement);
  }

  @Override
  public List<Restatement> restatements(String report, Slice slice, LocalDate period) {
    return queries.list(
        """
        SELECT report, site_id, event_name, day, measure, before, after, restated_at, run_id,
               reason
          FROM fathom_ops.restatement
         WHERE report = ? AND site_id = ? AND event_name = ? AND day = ?
         ORDER BY restated_at DESC, id DESC\
        """,
        p -> p.text(report).text(slice.site().value()).text(slice.eventKey()).day(period),
        JournalTables::restatement);
  }

  @Override
  public Map<Slice, Set<LocalDate>> restatedBy(String report, String runId) {
    return queries
        .list(
            """
            SELECT DISTINCT site_id, event_name, day
              FROM fathom_ops.restatement
             WHERE report = ? AND run_id = ?\
            """,
            p -> p.text(report).text(runId),
            r -> Map.entry(LedgerQueries.slice(r), r.day("day")))
        .stream()
        .collect(
            Collectors.groupingBy(
                Map.Entry::getKey, Collectors.mapping(Map.Entry::getValue, Collectors.toSet())));
  }

  private static Restatement restatement(Row r) throws SQLException {
    String reason = r.textOrNull("reason");
    return new Restatement(
        r.text("report"),
        LedgerQueries.slice(r),
        r.day("day"),
        r.text("measure"),
        r.realOrNull("before"),
        r.realOrNull("after"),
        r.instant("restated_at"),
        r.text("run_id"),
        reason == null ? null : RestatementReason.ofLabel(reason));
  }

  @Override
  public Map<Slice, JournalCount> journalCounts(String report) {
    return queries
        .list(
            """
            SELECT site_id, event_name, count(*) AS quarantined, 0 AS restated
              FROM fathom_ops.quarantine
             WHERE report = ? AND settled_at IS NULL
             GROUP BY site_id, event_name
            UNION ALL
            SELECT site_id, event_name, 0, count(DISTINCT day)
              FROM fathom_ops.restatement
             WHERE report = ?
             GROUP BY site_id, event_name\
            """,
            p -> p.text(report).text(report),
            r ->
                Map.entry(
                    LedgerQueries.slice(r),
                    new JournalCount(r.number("quarantined"), r.number("restated"))))
        .stream()
        .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue, JournalCount::plus));
  }
}
