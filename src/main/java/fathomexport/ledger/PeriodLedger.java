package fathomexport.ledger;

import fathomexport.report.SiteId;
import java.time.LocalDate;
import java.util.Collection;
import java.util.List;

/** What is stored of each period, and what was tried and failed since. */
public interface PeriodLedger {

  /**
   * The entries of a report, in no order.
   *
   * @param sites whose; empty means all
   * @param from periods that cover this day or later
   * @throws LedgerException when the ledger cannot be read
   */
  List<LedgerEntry> entries(String report, Collection<SiteId> sites, LocalDate from);

  /** How much is stored of a report. */
  Weight weight(String report);

  /** Failed attempts that no later success has settled. */
  List<Attempt> openAttempts(String report);
}
