package fathomexport.inspect;

import fathomexport.ledger.JournalCount;
import fathomexport.ledger.QuarantinedRow;
import fathomexport.ledger.Restatement;
import fathomexport.report.Report;
import fathomexport.report.Slice;
import fathomexport.sinks.Sinks;
import java.util.List;
import java.util.Map;

/**
 * The newest lines of a report's journals, and the number of lines per slice. The counts are
 * separate because newer lines of other slices can displace those of a slice.
 */
record Journal(
    List<QuarantinedRow> quarantined, List<Restatement> restated, Map<Slice, JournalCount> counts) {
  /** How many lines are read of each report's journals. */
  private static final int MOST = 10_000;

  /** Reads a report's journals. All sinks receive the same lines, so the first sink's suffice. */
  static Journal of(Report report, Sinks sinks) {
    return new Journal(
        sinks.ledger().quarantined(report.name(), MOST),
        sinks.ledger().restatements(report.name(), MOST),
        sinks.ledger().journalCounts(report.name()));
  }

  /** Returns how many lines there are about a slice. */
  JournalCount count(Slice slice) {
    return counts.getOrDefault(slice, JournalCount.NONE);
  }
}
