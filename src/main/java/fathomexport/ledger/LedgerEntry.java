package fathomexport.ledger;

import fathomexport.report.Slice;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What is stored of one period of a report and slice.
 *
 * @param windowId the window that committed it
 * @param stored whether rows of the period are stored (a certified period of zero rows is: nothing
 *     was measured); false when an incomplete attempt found nothing stored and left it so
 * @param confirmed the last time that the control's answer was equal to the one that the period is
 *     certified against, so that its rows were not fetched again; null when that has not happened
 *     since they were fetched
 */
public record LedgerEntry(
    String report,
    Slice slice,
    PeriodCertificate certificate,
    Provenance provenance,
    String windowId,
    boolean stored,
    @Nullable Confirmed confirmed) {

  /** That stored rows were confirmed by a control query, when, and by which run. */
  public record Confirmed(Instant at, String runId) {}

  /** As it is fetched: not confirmed since. */
  public LedgerEntry(
      String report,
      Slice slice,
      PeriodCertificate certificate,
      Provenance provenance,
      String windowId,
      boolean stored) {
    this(report, slice, certificate, provenance, windowId, stored, null);
  }

  /** The same, confirmed. */
  public LedgerEntry confirmed(@Nullable Confirmed by) {
    return new LedgerEntry(report, slice, certificate, provenance, windowId, stored, by);
  }

  /** When the period was last known to be as the API reports it: fetched, or confirmed since. */
  public Instant knownAt() {
    return confirmed == null || confirmed.at().isBefore(provenance.fetchedAt())
        ? provenance.fetchedAt()
        : confirmed.at();
  }
}
