package fathomexport.ledger;

import fathomexport.report.Slice;
import java.time.LocalDate;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** The journals: rows that could not be typed, and periods whose rows have changed. */
public interface JournalLedger {

  /** The newest quarantined rows of a report whose windows are not settled, newest first. */
  List<QuarantinedRow> quarantined(String report, int limit);

  /**
   * All quarantined rows of windows of a report and slice that are not settled, newest first.
   *
   * @param windowIds whose
   */
  List<QuarantinedRow> quarantined(String report, Slice slice, Collection<String> windowIds);

  /** The newest changes of periods of a report, newest first. */
  List<Restatement> restatements(String report, int limit);

  /** All changes of one period of a report and slice, newest first. */
  List<Restatement> restatements(String report, Slice slice, LocalDate period);

  /** How much the journals of a report hold of each slice; slices without any are left out. */
  Map<Slice, JournalCount> journalCounts(String report);
}
