package fathomexport.ledger;

import java.io.Serializable;
import java.util.Map;
import java.util.Optional;

/**
 * What answers taught about the API, so that it is not learned again at the price of a request.
 *
 * @param maxDays widest range that a query shape ({@code QueryShape.key()}) is known to be allowed,
 *     in days, for shapes whose wider ranges were refused
 * @param rowCap rows beyond which answers are cut off, below the limit that was asked for
 * @param mostRows most rows that one answer held: no cap lies below
 */
public record Learned(Map<String, Integer> maxDays, Optional<Integer> rowCap, int mostRows) {
  public static final Learned NOTHING = new Learned(Map.of(), Optional.empty(), 0);

  public Learned {
    maxDays = Map.copyOf(maxDays);
  }

  /** One thing that was learned. */
  public sealed interface Lesson extends Serializable {
    /** Ranges of more than {@code days} are refused for this shape. */
    record MaxDays(String shapeKey, int days) implements Lesson {}

    /** Answers are cut off at this many rows. */
    record RowCap(int rows) implements Lesson {}

    /** An answer held this many rows. */
    record MostRows(int rows) implements Lesson {}
  }
}
