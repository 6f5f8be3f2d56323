package fathomexport.ledger;

import java.util.List;

/** What has come of asking again for the rows of stored periods. */
public interface AuditLedger {

  /** For each site its newest audit, and its newest that failed, if any; in no order. */
  List<Audit> audits();

  /** Notes the outcome of an audit. */
  void audited(Audit audit);
}
