package fathomexport.sink.parquet.ledger;

import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.Provenance;
import java.util.Objects;

/**
 * What a file says of one of its periods.
 *
 * @param digest of the period's encoded rows under the file's columns; {@code ""} when nothing is
 *     stored
 */
public record StoredPeriod(LedgerEntry entry, String digest) {

  /**
   * Whether two say the same of the rows, but for when, by which run, in which window and against
   * which answer of the control it was learned.
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

  /** The same with the provenance of a later load, or confirmation, that found nothing else. */
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
