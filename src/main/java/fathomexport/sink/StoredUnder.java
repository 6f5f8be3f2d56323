package fathomexport.sink;

import fathomexport.ledger.Provenance;
import fathomexport.ledger.RateUnit;
import fathomexport.ledger.RestatementReason;
import org.jspecify.annotations.Nullable;

/**
 * The question that the stored rows of a period answer.
 *
 * @param definition digest of the report's definition
 * @param zone the site's zone; null if unknown
 * @param rateUnit the unit of the bounce rates as the API reported them; null if unknown
 */
public record StoredUnder(String definition, @Nullable String zone, @Nullable RateUnit rateUnit) {

  public static StoredUnder of(Provenance provenance) {
    return new StoredUnder(provenance.definition(), provenance.zone(), provenance.rateUnit());
  }

  /**
   * Returns why rows that answer this question were replaced by others. A change of the report comes
   * first: whether the source has moved as well cannot be known then.
   *
   * @param now how the new rows were fetched
   * @param countsChanged whether the number of rows or the sum of a counted measure differs
   */
  public RestatementReason reason(Provenance now, boolean countsChanged) {
    if (!definition.equals(now.definition())) {
      return RestatementReason.DEFINITION;
    }
    if (differ(zone, now.zone())) {
      return RestatementReason.ZONE;
    }
    return !countsChanged && differ(rateUnit, now.rateUnit())
        ? RestatementReason.UNIT
        : RestatementReason.SOURCE;
  }

  /** Returns whether both are known and differ. */
  private static boolean differ(@Nullable Object a, @Nullable Object b) {
    return a != null && b != null && !a.equals(b);
  }
}
