package fathomexport.ledger;

import java.io.Serializable;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What answers taught about the API, so that it is not learned again at the price of a request.
 *
 * @param maxDays widest range that a query shape ({@code QueryShape.key()}) is known to be allowed,
 *     in days, for shapes whose wider ranges were refused
 * @param rowCap rows beyond which answers are cut off, below the limit that was asked for
 * @param mostRows most rows that one answer held: no cap lies below
 * @param limits most rows that may be asked for at a time, where more were refused
 * @param offsets whether the API honours the parameter of that name, by account
 */
public record Learned(
    Map<String, Integer> maxDays,
    Optional<Integer> rowCap,
    int mostRows,
    Map<Whose, Integer> limits,
    Map<String, OffsetSupport> offsets) {
  public static final Learned NOTHING =
      new Learned(Map.of(), Optional.empty(), 0, Map.of(), Map.of());

  public Learned {
    maxDays = Map.copyOf(maxDays);
    limits = Map.copyOf(limits);
    offsets = Map.copyOf(offsets);
  }

  /** A query shape, as an account asks it. */
  public record Whose(String account, String shapeKey) implements Serializable {}

  /** Most rows that an account gets at a time, whatever it asks for, if it asks for this many. */
  public int limit(String account, int configured) {
    int most = Math.min(configured, rowCap.orElse(Integer.MAX_VALUE));
    for (Map.Entry<Whose, Integer> limit : limits.entrySet()) {
      if (limit.getKey().account().equals(account)) {
        most = Math.min(most, limit.getValue());
      }
    }
    return most;
  }

  /** What is known once a lesson is learned. */
  public Learned with(Lesson lesson) {
    Map<String, Integer> days = new HashMap<>(maxDays);
    Optional<Integer> cap = rowCap;
    int most = mostRows;
    Map<Whose, Integer> least = new HashMap<>(limits);
    Map<String, OffsetSupport> support = new HashMap<>(offsets);
    if (lesson instanceof Lesson.MaxDays m) {
      days.merge(m.shapeKey(), m.days(), Math::min);
    } else if (lesson instanceof Lesson.RowCap c) {
      cap = Optional.of(Math.min(c.rows(), rowCap.orElse(c.rows())));
    } else if (lesson instanceof Lesson.MostRows m) {
      most = Math.max(m.rows(), mostRows);
    } else if (lesson instanceof Lesson.Limit l) {
      least.merge(new Whose(l.account(), l.shapeKey()), l.rows(), Math::min);
    } else if (lesson instanceof Lesson.Offset o) {
      support.put(o.account(), o.support());
    } else if (lesson instanceof Lesson.OffsetUnknown o) {
      support.remove(o.account());
    }
    return new Learned(days, cap, most, least, support);
  }

  /** One thing that was learned. */
  public sealed interface Lesson extends Serializable {
    /** Ranges of more than {@code days} are refused for this shape. */
    record MaxDays(String shapeKey, int days) implements Lesson {}

    /** Answers are cut off at this many rows. */
    record RowCap(int rows) implements Lesson {}

    /** An answer held this many rows. */
    record MostRows(int rows) implements Lesson {}

    /** A question that was refused with a higher limit passed with this one. */
    record Limit(String account, String shapeKey, int rows) implements Lesson {}

    /** What the API does with {@code offset}. */
    record Offset(String account, OffsetSupport support) implements Lesson {}

    /** What was known of {@code offset} is no longer true. */
    record OffsetUnknown(String account) implements Lesson {}
  }
}
