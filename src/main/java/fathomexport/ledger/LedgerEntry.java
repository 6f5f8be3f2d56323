package fathomexport.ledger;

import fathomexport.report.Slice;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The stored state of one period of a report and slice.
 *
 * @param windowId the id of the window that committed the period
 * @param stored whether rows of the period are stored. True for a certified period of zero rows,
 *     which was measured and is empty; false if an incomplete attempt found nothing stored and
 *     stored nothing
 * @param confirmed the last time that the control totals were equal to those that the period is
 *     certified against, so that its rows were not fetched again; null if that has not happened
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

  /** The confirmation of stored rows by a control query: its time and its run. */
  public record Confirmed(Instant at, String runId) {}

  /** Creates the entry of a period that was just fetched and is not confirmed since. */
  public LedgerEntry(
      String report,
      Slice slice,
      PeriodCertificate certificate,
      Provenance provenance,
      String windowId,
      boolean stored) {
    this(report, slice, certificate, provenance, windowId, stored, null);
  }

  /** Returns this entry with the given confirmation. */
  public LedgerEntry confirmed(@Nullable Confirmed by) {
    return new LedgerEntry(report, slice, certificate, provenance, windowId, stored, by);
  }

  /**
   * Returns when the period was last known to agree with the API: when it was fetched, or confirmed
   * since.
   */
  public Instant knownAt() {
    return confirmed == null || confirmed.at().isBefore(provenance.fetchedAt())
        ? provenance.fetchedAt()
        : confirmed.at();
  }

  /**
   * Returns the id of the run that confirmed the period last; of the one that fetched it, if none.
   */
  public String knownBy() {
    return confirmed == null ? provenance.runId() : confirmed.runId();
  }
}
