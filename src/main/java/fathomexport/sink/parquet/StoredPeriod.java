package fathomexport.sink.parquet;

import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.Provenance;
import java.util.Objects;

/**
 * What a file says of one of its periods.
 *
 * @param digest of the period's encoded rows under the file's columns; {@code ""} when nothing is
 *     stored
 */
record StoredPeriod(LedgerEntry entry, String digest) {

  /** Whether two say the same but for when, by which run and in which window it was learned. */
  boolean sameSubstance(StoredPeriod other) {
    Provenance mine = entry.provenance();
    Provenance theirs = other.entry.provenance();
    return digest.equals(other.digest)
        && entry.stored() == other.entry.stored()
        && entry.certificate().equals(other.entry.certificate())
        && mine.definition().equals(theirs.definition())
        && Objects.equals(mine.zone(), theirs.zone());
  }

  /** The same with the provenance of a later load that found nothing else. */
  StoredPeriod confirmedBy(StoredPeriod later) {
    return new StoredPeriod(
        new LedgerEntry(
            entry.report(),
            entry.slice(),
            entry.certificate(),
            later.entry.provenance(),
            later.entry.windowId(),
            entry.stored()),
        digest);
  }
}
