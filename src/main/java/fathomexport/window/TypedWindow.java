package fathomexport.window;

import fathomexport.certify.PeriodTotals;
import fathomexport.fetch.Fetched;
import fathomexport.fetch.SpillDirectory;
import fathomexport.ledger.QuarantinedRow;
import fathomexport.report.Report;
import fathomexport.report.Window;
import fathomexport.report.rows.RowSpool;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;

/**
 * One report's window with its rows typed; they are gone when it is closed.
 *
 * @param fetched what it was typed from
 * @param rows in the encoding of the report's schema, ordered
 * @param sums over the typed rows
 * @param digests of the typed rows, for periods that have any
 * @param refused how many rows of each period could not be typed, and why the first of them could
 *     not
 * @param quarantine the rows that could not be typed, as many as are kept
 */
record TypedWindow(
    Fetched fetched,
    Report report,
    RowSpool rows,
    PeriodTotals sums,
    Map<LocalDate, String> digests,
    Map<LocalDate, Refused> refused,
    List<QuarantinedRow> quarantine)
    implements AutoCloseable {

  record Refused(long rows, String first) {}

  Window window() {
    return fetched.task().window(report);
  }

  long refusedRows() {
    return refused.values().stream().mapToLong(Refused::rows).sum();
  }

  @Override
  public void close() {
    SpillDirectory.drop(rows);
  }
}
