package fathomexport.sink;

import fathomexport.ledger.PeriodCertificate;
import fathomexport.ledger.Provenance;
import fathomexport.ledger.QuarantinedRow;
import fathomexport.report.Report;
import fathomexport.report.Window;
import fathomexport.report.rows.RowSpool;
import java.util.List;

/**
 * A window, fetched, typed and certified: what a sink commits.
 *
 * @param rows of all its periods, in the encoding of {@code report.schema()}, ordered by their
 *     bytes; those of periods that are not to be stored are passed over
 * @param periods one certificate for every period of the window, ascending, also for those without
 *     rows
 * @param quarantine rows of the window that could not be typed: they are stored with it, or not at
 *     all
 */
public record WindowLoad(
    Window window,
    Report report,
    RowSpool rows,
    List<PeriodCertificate> periods,
    Provenance provenance,
    List<QuarantinedRow> quarantine) {

  /** A window of which every row could be typed. */
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
