package fathomexport.sink;

import fathomexport.ledger.LedgerEntry;
import fathomexport.report.Report;
import fathomexport.report.Window;
import java.time.LocalDate;
import java.util.Map;

/**
 * Stored periods of a window that a control query has just confirmed: its totals are equal to those
 * that the periods were certified against.
 *
 * @param digests the digest of the control totals per period; a period that is meanwhile certified
 *     against another digest is not confirmed
 */
public record WindowConfirmation(
    Window window, Report report, Map<LocalDate, String> digests, LedgerEntry.Confirmed by) {
  public WindowConfirmation {
    digests = Map.copyOf(digests);
    if (!window.periods().allMatch(digests::containsKey)) {
      throw new IllegalArgumentException("not every period of " + window + " has a digest");
    }
  }
}
