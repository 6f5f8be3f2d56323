package fathomexport.ledger;

import java.util.List;

/** The results of audits, which fetch the rows of stored periods again. */
public interface AuditLedger {

  /**
   * Returns the newest audit of each site and its newest failed one, if any, in no particular
   * order.
   */
  List<Audit> audits();

  /** Records the result of an audit. */
  void audited(Audit audit);
}
