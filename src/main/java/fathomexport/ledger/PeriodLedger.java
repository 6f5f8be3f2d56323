package fathomexport.ledger;

import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import java.time.LocalDate;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/** The stored state of each period, and the failed attempts since. */
public interface PeriodLedger {

  /**
   * Returns the entries of a report, in no particular order.
   *
   * @param sites the sites; empty for all
   * @param from only periods that cover this day or a later one
   * @throws LedgerException if the ledger cannot be read
   */
  List<LedgerEntry> entries(String report, Collection<SiteId> sites, LocalDate from);

  /**
   * Returns the sites and events of which a report has entries.
   *
   * @throws LedgerException if the ledger cannot be read
   */
  Set<Slice> slices(String report);

  /** Returns how much of a report is stored. */
  Weight weight(String report);

  /** Returns the failed attempts that no later success has settled. */
  List<Attempt> openAttempts(String report);
}
