package fathomexport.ledger;

import fathomexport.report.Slice;
import java.time.LocalDate;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The journals: quarantined rows, which could not be typed, and restatements, which are changes of
 * stored periods.
 */
public interface JournalLedger {

  /**
   * Returns the newest quarantined rows of a report whose windows are not settled, newest first.
   */
  List<QuarantinedRow> quarantined(String report, int limit);

  /**
   * Returns all quarantined rows of unsettled windows of a report and slice, newest first.
   *
   * @param windowIds the ids of the windows
   */
  List<QuarantinedRow> quarantined(String report, Slice slice, Collection<String> windowIds);

  /** Returns the newest restatements of a report, newest first. */
  List<Restatement> restatements(String report, int limit);

  /** Returns all restatements of one period of a report and slice, newest first. */
  List<Restatement> restatements(String report, Slice slice, LocalDate period);

  /** Returns the periods of a report whose stored rows a run has changed, per slice. */
  Map<Slice, Set<LocalDate>> restatedBy(String report, String runId);

  /** Returns the journal counts of a report per slice. Slices without records are left out. */
  Map<Slice, JournalCount> journalCounts(String report);
}
