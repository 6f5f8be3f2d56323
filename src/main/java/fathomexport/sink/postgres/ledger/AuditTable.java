package fathomexport.sink.postgres.ledger;

import fathomexport.ledger.Audit;
import fathomexport.ledger.AuditLedger;
import java.util.List;

/** Table {@code audit}: at most one row per site that agreed and one that did not. */
final class AuditTable implements AuditLedger {
  private final LedgerQueries queries;

  AuditTable(LedgerQueries queries) {
    this.queries = queries;
  }

  @Override
  public List<Audit> audits() {
    return queries.list(
        """
        SELECT site_id, agreed, report, event_name, period, audited_at, run_id
          FROM fathom_ops.audit\
        """,
        p -> {},
        r ->
            new Audit(
                r.text("report"),
                LedgerQueries.slice(r),
                r.day("period"),
                r.flag("agreed"),
                r.instant("audited_at"),
                r.text("run_id")));
  }

  @Override
  public void audited(Audit audit) {
    queries.update(
        """
        INSERT INTO fathom_ops.audit
          (site_id, agreed, report, event_name, period, audited_at, run_id)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (site_id, agreed) DO UPDATE
           SET report = excluded.report, event_name = excluded.event_name,
               period = excluded.period, audited_at = excluded.audited_at,
               run_id = excluded.run_id\
        """,
        p ->
            p.text(audit.slice().site().value())
                .flag(audit.agreed())
                .text(audit.report())
                .text(audit.slice().eventKey())
                .day(audit.period())
                .instant(audit.at())
                .text(audit.runId()));
  }
}
