package fathomexport.sink;

import fathomexport.ledger.PeriodCertificate;
import fathomexport.ledger.Provenance;
import fathomexport.ledger.QuarantinedRow;
import fathomexport.report.Report;
import fathomexport.report.Window;
import fathomexport.report.rows.RowSpool;
import java.util.List;

/**
 * A window that is fetched, typed and certified: the input of a commit.
 *
 * @param rows the rows of all periods, in the encoding of {@code report.schema()}, ordered by their
 *     bytes; rows of periods that are not to be stored are skipped
 * @param periods one certificate per period of the window, ascending, also for periods without rows
 * @param quarantine rows of the window that could not be typed. They are stored together with the
 *     window, or not at all
 */
public record WindowLoad(
    Window window,
    Report report,
    RowSpool rows,
    List<PeriodCertificate> periods,
    Provenance provenance,
    List<QuarantinedRow> quarantine) {

  /** Creates the load of a window whose rows could all be typed. */
  public WindowLoad(
      Window window,
      Report report,
      RowSpool rows,
      List<PeriodCertificate> periods,
      Provenance provenance) {
    this(window, report, rows, periods, provenance, List.of());
  }

  public WindowLoad {
    periods = List.copyOf(periods);
    quarantine = List.copyOf(quarantine);
    if (!periods.stream()
        .map(PeriodCertificate::period)
        .toList()
        .equals(window.periods().toList())) {
      throw new IllegalArgumentException(
          "certificates do not cover the window's periods: " + window);
    }
  }
}
