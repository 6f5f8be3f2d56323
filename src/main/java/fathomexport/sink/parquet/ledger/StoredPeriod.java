package fathomexport.sink.parquet.ledger;

import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.Provenance;
import java.util.Objects;

/**
 * The stored state of one period in a file.
 *
 * @param digest of the period's encoded rows with the file's columns; {@code ""} if nothing is
 *     stored
 */
public record StoredPeriod(LedgerEntry entry, String digest) {

  /**
   * Returns whether both describe the same rows, ignoring the time, the run, the window and the
   * control totals of the fetch.
   */
  public boolean sameSubstance(StoredPeriod other) {
    Provenance mine = entry.provenance();
    Provenance theirs = other.entry.provenance();
    return digest.equals(other.digest)
        && entry.stored() == other.entry.stored()
        && entry.certificate().sameRows(other.entry.certificate())
        && mine.definition().equals(theirs.definition())
        && Objects.equals(mine.zone(), theirs.zone());
  }

  /**
   * Returns this period with the provenance of a later load or confirmation that found no change.
   */
  public StoredPeriod confirmedBy(StoredPeriod later) {
    return new StoredPeriod(
        new LedgerEntry(
            entry.report(),
            entry.slice(),
            entry.certificate().against(later.entry.certificate().controlDigest()),
            later.entry.provenance(),
            later.entry.windowId(),
            entry.stored(),
            later.entry.confirmed()),
        digest);
  }
}
