package fathomexport.sink.postgres.commit;

import fathomexport.ledger.Attempt;
import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.PeriodCertificate;
import fathomexport.ledger.Provenance;
import fathomexport.report.Aggregate;
import fathomexport.report.Window;
import fathomexport.sink.CommitPlan;
import fathomexport.sink.Settlement;
import fathomexport.sink.StoredUnder;
import fathomexport.sink.WindowConfirmation;
import fathomexport.sink.WindowLoad;
import fathomexport.sink.postgres.db.Parameters;
import fathomexport.sink.postgres.db.Queries;
import fathomexport.sink.postgres.ledger.PeriodTables;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Writes a window's entries, attempts and quarantine to the ledger, within the window's
 * transaction.
 */
final class LedgerWriter {
  private final Connection connection;
  private final Window window;
  private final WindowKey key;

  LedgerWriter(Connection connection, Window window) {
    this.connection = connection;
    this.window = window;
    this.key = new WindowKey(window);
  }

  /**
   * Returns the periods of the window that are stored, according to the ledger, with the question
   * that their rows answer.
   */
  Map<LocalDate, StoredUnder> stored() throws SQLException {
    return Queries.list(
            connection,
            "SELECT period, definition, zone, rate_unit, rows, rows_digest FROM fathom_ops.ledger"
                + " WHERE "
                + WindowKey.IS
                + " AND period BETWEEN ? AND ? AND stored"
                + (key.isRange() ? " AND period_end = ?" : ""),
            p -> {
              key.bind(p).day(window.days().first());
              if (key.isRange()) {
                p.day(window.days().first());
              }
              p.day(window.days().last());
            },
            r ->
                Map.entry(
                    r.day("period"),
                    new StoredUnder(
                        r.text("definition"),
                        r.textOrNull("zone"),
                        PeriodTables.rateUnit(r),
                        r.number("rows"),
                        r.textOrNull("rows_digest"))))
        .stream()
        .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
  }

  /**
   * Returns whether the ledger contains what this load has written. Every load writes at least one
   * entry or one failed attempt, together with its rows.
   */
  boolean holds(WindowLoad load) throws SQLException {
    Provenance by = load.provenance();
    return Queries.first(
            connection,
            "SELECT EXISTS (SELECT FROM fathom_ops.ledger WHERE "
                + WindowKey.IS
                + " AND window_id = ? AND run_id = ? AND fetched_at = ?)"
                + " OR EXISTS (SELECT FROM fathom_ops.attempt WHERE "
                + WindowKey.IS
                + " AND window_id = ? AND run_id = ? AND at = ?) AS held",
            p -> {
              key.bind(p).text(window.id()).text(by.runId()).instant(by.fetchedAt());
              key.bind(p).text(window.id()).text(by.runId()).instant(by.fetchedAt());
            },
            r -> r.flag("held"))
        .orElse(false);
  }

  /** Returns whether the ledger contains what this confirmation has recorded. */
  boolean holds(WindowConfirmation confirmation) throws SQLException {
    return Queries.first(
            connection,
            "SELECT EXISTS (SELECT FROM fathom_ops.ledger WHERE "
                + WindowKey.IS
                + " AND period = ANY (?) AND confirmed_run = ? AND confirmed_at = ?) AS held",
            p ->
                key.bind(p)
                    .days(window.periods().toList())
                    .text(confirmation.by().runId())
                    .instant(confirmation.by().at()),
            r -> r.flag("held"))
        .orElse(false);
  }

  /**
   * Writes the commit's entries and attempts for the window's periods, and settles quarantined
   * rows.
   */
  void write(CommitPlan plan) throws SQLException {
    writeEntries(plan.entries());
    Set<String> failedBefore = failedWindows();
    writeAttempts(plan);
    settleQuarantine(plan, failedBefore);
  }

  private void writeEntries(List<LedgerEntry> entries) throws SQLException {
    Queries.batch(connection, UPSERT_ENTRY, entries, this::bind);
  }

  private void bind(Parameters p, LedgerEntry entry) throws SQLException {
    PeriodCertificate c = entry.certificate();
    Provenance by = entry.provenance();
    key.bind(p)
        .day(c.period())
        .day(key.periodEnd(c.period()))
        .day(c.coversTo())
        .text(c.status().label())
        .flag(entry.stored())
        .number(c.rows());
    for (Aggregate a : PeriodTables.SUMMED) {
      p.number(c.sums().get(a)).number(c.control().get(a));
    }
    p.flag(c.storeIfAbsent())
        .text(c.reason())
        .text(c.digest())
        .text(by.definition())
        .text(by.zone())
        .integer(by.requests())
        .integer(by.controlRequests())
        .integer(by.splits())
        .text(entry.windowId())
        .text(by.runId())
        .instant(by.fetchedAt())
        .text(c.controlDigest())
        .text(by.rateUnit() == null ? null : by.rateUnit().label())
        .text(by.account());
  }

  private static final String UPSERT_ENTRY =
      """
      INSERT INTO fathom_ops.ledger
        (report, site_id, event_name, period, period_end, covers_to, status, stored, rows,
         pageviews_sum, pageviews_control, conversions_sum, conversions_control,
         value_sum, value_control, store_if_absent, reason, rows_digest, definition, zone,
         requests, control_requests, splits, window_id, run_id, fetched_at, control_digest,
         rate_unit, account)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (report, site_id, event_name, period, period_end) DO UPDATE
         SET covers_to = excluded.covers_to, status = excluded.status, stored = excluded.stored,
             rows = excluded.rows,
             pageviews_sum = excluded.pageviews_sum,
             pageviews_control = excluded.pageviews_control,
             conversions_sum = excluded.conversions_sum,
             conversions_control = excluded.conversions_control,
             value_sum = excluded.value_sum, value_control = excluded.value_control,
             store_if_absent = excluded.store_if_absent, reason = excluded.reason,
             rows_digest = excluded.rows_digest,
             definition = excluded.definition, zone = excluded.zone,
             requests = excluded.requests, control_requests = excluded.control_requests,
             splits = excluded.splits, window_id = excluded.window_id, run_id = excluded.run_id,
             fetched_at = excluded.fetched_at, committed_at = pg_catalog.now(),
             control_digest = excluded.control_digest, rate_unit = excluded.rate_unit,
             account = excluded.account,
             confirmed_at = NULL, confirmed_run = NULL\
      """;

  private void writeAttempts(CommitPlan plan) throws SQLException {
    Queries.batch(
        connection,
        "DELETE FROM fathom_ops.attempt WHERE "
            + WindowKey.IS
            + " AND period = ? AND period_end = ?",
        plan.succeeded(),
        (p, c) -> key.bind(p).day(c.period()).day(key.periodEnd(c.period())));
    Queries.batch(
        connection,
        """
        INSERT INTO fathom_ops.attempt
          (report, site_id, event_name, period, period_end, covers_to, reason, kept,
           window_id, run_id, at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (report, site_id, event_name, period, period_end) DO UPDATE
           SET covers_to = excluded.covers_to, reason = excluded.reason,
               kept = excluded.kept, window_id = excluded.window_id,
               run_id = excluded.run_id, at = excluded.at\
        """,
        plan.attempts(),
        this::bind);
  }

  private void bind(Parameters p, Attempt attempt) throws SQLException {
    key.bind(p)
        .day(attempt.period())
        .day(key.periodEnd(attempt.period()))
        .day(attempt.coversTo())
        .text(attempt.reason())
        .flag(attempt.kept())
        .text(attempt.windowId())
        .text(attempt.runId())
        .instant(attempt.at());
  }

  /** Returns the ids of windows whose failed attempts are at periods of this window. */
  private Set<String> failedWindows() throws SQLException {
    return new HashSet<>(
        Queries.list(
            connection,
            "SELECT DISTINCT window_id FROM fathom_ops.attempt WHERE "
                + WindowKey.IS
                + " AND period BETWEEN ? AND ?",
            p -> key.bind(p).day(window.days().first()).day(window.days().last()),
            r -> r.text("window_id")));
  }

  /** Returns the ids of windows of this report, site and event that have open failed attempts. */
  private Set<String> openWindows() throws SQLException {
    return new HashSet<>(
        Queries.list(
            connection,
            "SELECT DISTINCT window_id FROM fathom_ops.attempt WHERE " + WindowKey.IS,
            key::bind,
            r -> r.text("window_id")));
  }

  /** A window that failed in a run. */
  private record Failure(String window, String run) {}

  private void settleQuarantine(CommitPlan plan, Set<String> failedBefore) throws SQLException {
    List<Failure> failures =
        Queries.list(
            connection,
            "SELECT DISTINCT window_id, run_id FROM fathom_ops.quarantine WHERE "
                + WindowKey.IS
                + " AND settled_at IS NULL",
            key::bind,
            r -> new Failure(r.text("window_id"), r.text("run_id")));
    if (failures.isEmpty()) {
      return;
    }
    Settlement settlement = plan.settlement(failedBefore, openWindows());
    Queries.batch(
        connection,
        "UPDATE fathom_ops.quarantine SET settled_at = pg_catalog.now() WHERE "
            + WindowKey.IS
            + " AND window_id = ? AND run_id = ? AND settled_at IS NULL",
        failures.stream().filter(f -> settlement.settles(f.window(), f.run())).toList(),
        (p, f) -> key.bind(p).text(f.window()).text(f.run()));
  }
}
