package fathomexport.sink.postgres.commit;

import java.math.BigDecimal;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The number of a period's rows in the table, and the sums of its counted measures.
 *
 * @param sums per measure; null for a measure that no row has
 */
record TableTotals(long rows, Map<String, @Nullable BigDecimal> sums) {
  static final TableTotals NONE = new TableTotals(0, Map.of());

  /** Returns the sum of a measure: 0 over no rows, null if all rows lack the measure. */
  @Nullable BigDecimal sum(String measure) {
    return rows == 0 ? BigDecimal.ZERO : sums.get(measure);
  }
}
