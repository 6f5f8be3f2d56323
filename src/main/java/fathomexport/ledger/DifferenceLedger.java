package fathomexport.ledger;

import fathomexport.report.Slice;
import java.util.List;

/** What verifications found to differ in a sink. */
public interface DifferenceLedger {
  /**
   * Returns what was found of a report and not compared again since, in no particular order.
   *
   * @throws LedgerException if the ledger cannot be read
   */
  List<KnownDifference> differences(String report);

  /** Replaces what is known of a report and slice. */
  void replaceDifferences(String report, Slice slice, List<KnownDifference> differences);
}
