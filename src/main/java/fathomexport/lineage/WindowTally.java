package fathomexport.lineage;

import fathomexport.run.FailureKind;
import fathomexport.run.WindowOutcome;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Counts the outcomes of windows; tallies can be added.
 *
 * @param committed windows that were committed in whole or in part
 * @param unchanged committed windows whose rows were all stored before
 * @param rows stored rows of the windows
 * @param rowsWritten rows of the windows in which something changed
 */
record WindowTally(
    long committed,
    long unchanged,
    long incomplete,
    long failed,
    long notBegun,
    long rows,
    long rowsWritten,
    long quarantined,
    WindowOutcome.Periods periods) {

  static final WindowTally NOTHING =
      new WindowTally(0, 0, 0, 0, 0, 0, 0, 0, WindowOutcome.Periods.NONE);

  static WindowTally of(WindowOutcome outcome) {
    FailureKind failure = outcome.endsFailed();
    if (outcome.recordsSkipped() > 0) {
      return NOTHING;
    }
    boolean incomplete = failure == FailureKind.INCOMPLETE;
    boolean notBegun = outcome.endsLeft();
    boolean written = outcome.committed() && outcome.changed() > 0;
    return new WindowTally(
        outcome.endsCommitted() ? 1 : 0,
        outcome.endsUnchanged() ? 1 : 0,
        incomplete ? 1 : 0,
        failure != null && !incomplete && !notBegun ? 1 : 0,
        notBegun ? 1 : 0,
        outcome.rows(),
        written ? outcome.rows() : 0,
        outcome.quarantined(),
        outcome.periods());
  }

  WindowTally plus(WindowTally other) {
    return new WindowTally(
        committed + other.committed,
        unchanged + other.unchanged,
        incomplete + other.incomplete,
        failed + other.failed,
        notBegun + other.notBegun,
        rows + other.rows,
        rowsWritten + other.rowsWritten,
        quarantined + other.quarantined,
        periods.plus(other.periods));
  }

  /** Returns the tally as the values of a facet. */
  Map<String, Object> facet() {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("windowsCommitted", committed);
    values.put("windowsUnchanged", unchanged);
    values.put("windowsIncomplete", incomplete);
    values.put("windowsFailed", failed);
    values.put("windowsNotBegun", notBegun);
    values.put("periodsCertified", periods.certified());
    values.put("periodsUncertified", periods.uncertified());
    values.put("periodsIncomplete", periods.incomplete());
    values.put("rows", rows);
    values.put("rowsQuarantined", quarantined);
    return values;
  }
}
