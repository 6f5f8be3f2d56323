package fathomexport.sink;

import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.PeriodCertificate;
import fathomexport.ledger.Provenance;
import fathomexport.ledger.RateUnit;
import fathomexport.ledger.RestatementReason;
import org.jspecify.annotations.Nullable;

/**
 * The question that the stored rows of a period answer, and which rows were stored.
 *
 * @param definition digest of the report's definition
 * @param zone the site's zone; null if unknown
 * @param rateUnit the unit of the bounce rates as the API reported them; null if unknown
 * @param rows number of rows that were stored
 * @param digest {@code RowDigest} of these rows; null if there are none, or if it is unknown
 */
public record StoredUnder(
    String definition,
    @Nullable String zone,
    @Nullable RateUnit rateUnit,
    long rows,
    @Nullable String digest) {

  public static StoredUnder of(LedgerEntry entry) {
    Provenance provenance = entry.provenance();
    return new StoredUnder(
        provenance.definition(),
        provenance.zone(),
        provenance.rateUnit(),
        entry.certificate().rows(),
        entry.certificate().digest());
  }

  /**
   * Returns why rows that answer this question were replaced by others. A change of the report
   * comes first: whether the source has moved as well cannot be known then.
   *
   * @param now how the new rows were fetched
   * @param fetched the new rows
   * @param countsChanged whether the number of rows or the sum of a counted measure differs
   */
  public RestatementReason reason(
      Provenance now, PeriodCertificate fetched, boolean countsChanged) {
    if (!definition.equals(now.definition())) {
      return RestatementReason.DEFINITION;
    }
    if (differ(zone, now.zone())) {
      return RestatementReason.ZONE;
    }
    if (isOf(fetched)) {
      return RestatementReason.STORAGE;
    }
    return !countsChanged && differ(rateUnit, now.rateUnit())
        ? RestatementReason.UNIT
        : RestatementReason.SOURCE;
  }

  /** Returns whether the rows that were stored are these, so that something else changed them. */
  private boolean isOf(PeriodCertificate fetched) {
    String now = fetched.digest();
    return rows == fetched.rows() && (rows == 0 || (digest != null && digest.equals(now)));
  }

  /** Returns whether both are known and differ. */
  private static boolean differ(@Nullable Object a, @Nullable Object b) {
    return a != null && b != null && !a.equals(b);
  }
}
