package fathomexport.sink.postgres.commit;

import java.math.BigDecimal;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How many rows the table holds of a period, and the sums of its counted measures.
 *
 * @param sums null for a measure that no row has
 */
record StoredTotals(long rows, Map<String, @Nullable BigDecimal> sums) {
  static final StoredTotals NONE = new StoredTotals(0, Map.of());

  /** A sum over no rows is 0; one over rows that all lack the measure is unknown. */
  @Nullable BigDecimal sum(String measure) {
    return rows == 0 ? BigDecimal.ZERO : sums.get(measure);
  }
}
