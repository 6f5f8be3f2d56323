package fathomexport.beam;

import fathomexport.certify.PeriodTotals;
import fathomexport.fetch.Fetched;
import fathomexport.ledger.QuarantinedRow;
import fathomexport.report.Report;
import fathomexport.report.rows.RowSpool;
import java.io.Serializable;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;

/**
 * One report's window with its rows typed.
 *
 * @param fetched without its raw rows, which are gone
 * @param rows in the encoding of the report's schema, ordered
 * @param sums over the typed rows
 * @param digests of the typed rows, for periods that have any
 * @param refused how many rows of each period could not be typed, and why the first of them could
 *     not
 * @param quarantine the rows that could not be typed, as many as are kept
 */
record Typed(
    Fetched fetched,
    Report report,
    RowSpool rows,
    PeriodTotals sums,
    Map<LocalDate, String> digests,
    Map<LocalDate, Refused> refused,
    List<QuarantinedRow> quarantine)
    implements Serializable {

  record Refused(long rows, String first) implements Serializable {}

  long refusedRows() {
    return refused.values().stream().mapToLong(Refused::rows).sum();
  }
}
