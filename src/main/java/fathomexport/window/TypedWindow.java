package fathomexport.window;

import fathomexport.certify.PeriodTotals;
import fathomexport.fetch.Fetched;
import fathomexport.fetch.SpillDirectory;
import fathomexport.ledger.QuarantinedRow;
import fathomexport.ledger.RateUnit;
import fathomexport.report.Report;
import fathomexport.report.Window;
import fathomexport.report.rows.RowSpool;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One report's window with typed rows, which are deleted on close.
 *
 * @param fetched the rows as fetched
 * @param rows the typed rows in the encoding of the report's schema, ordered
 * @param sums sums of the typed rows
 * @param digests digests of the typed rows, for periods that have any
 * @param refused number of rows per period that could not be typed, and the reason of the first
 * @param rateUnit the unit of the bounce rates as the API reported them; null if no rate tells it
 * @param escapedCells cells whose text is stored as an escape
 * @param quarantine rows that could not be typed, up to a maximum number
 */
record TypedWindow(
    Fetched fetched,
    Report report,
    RowSpool rows,
    PeriodTotals sums,
    Map<LocalDate, String> digests,
    Map<LocalDate, RefusedRows> refused,
    @Nullable RateUnit rateUnit,
    long escapedCells,
    List<QuarantinedRow> quarantine)
    implements AutoCloseable {

  record RefusedRows(long rows, String first) {}

  Window window() {
    return fetched.task().window(report);
  }

  long refusedRows() {
    return refused.values().stream().mapToLong(RefusedRows::rows).sum();
  }

  @Override
  public void close() {
    SpillDirectory.drop(rows);
  }
}
