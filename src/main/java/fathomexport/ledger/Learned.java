package fathomexport.ledger;

import java.io.Serializable;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Limits of the API learned from its responses. They are stored so that later runs spend no request
 * to learn them again.
 *
 * @param maxDays the widest allowed range in days per query shape ({@code QueryShape.key()}), for
 *     shapes whose wider ranges were refused
 * @param rowCap the number of rows at which the API truncates responses, below the requested limit
 * @param mostRows the most rows that one response contained: no cap lies below
 * @param limits the highest accepted row limit per account and query shape, where a higher one was
 *     refused
 * @param offsets how the API treats offsets, per account
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

  /** A query shape together with the account that sends it. */
  public record Whose(String account, String shapeKey) implements Serializable {}

  /**
   * Returns the most rows that a request of the account can return if the configured limit is
   * {@code configured}.
   */
  public int limit(String account, int configured) {
    int most = Math.min(configured, rowCap.orElse(Integer.MAX_VALUE));
    for (Map.Entry<Whose, Integer> limit : limits.entrySet()) {
      if (limit.getKey().account().equals(account)) {
        most = Math.min(most, limit.getValue());
      }
    }
    return most;
  }

  /** Returns these limits with one more lesson applied. */
  public Learned with(Lesson lesson) {
    Map<String, Integer> days = new HashMap<>(maxDays);
    Optional<Integer> cap = rowCap;
    int most = mostRows;
    Map<Whose, Integer> least = new HashMap<>(limits);
    Map<String, OffsetSupport> support = new HashMap<>(offsets);
    if (lesson instanceof Lesson.MaxDays m) {
      days.merge(m.shapeKey(), m.days(), Math::min);
    } else if (lesson instanceof Lesson.MaxDaysUnknown m) {
      days.remove(m.shapeKey());
    } else if (lesson instanceof Lesson.RowCap c) {
      cap = Optional.of(Math.min(c.rows(), rowCap.orElse(c.rows())));
    } else if (lesson instanceof Lesson.MostRows m) {
      most = Math.max(m.rows(), mostRows);
    } else if (lesson instanceof Lesson.Limit l) {
      least.merge(new Whose(l.account(), l.shapeKey()), l.rows(), Math::min);
    } else if (lesson instanceof Lesson.LimitUnknown l) {
      least.remove(new Whose(l.account(), l.shapeKey()));
    } else if (lesson instanceof Lesson.Offset o) {
      support.put(o.account(), o.support());
    } else if (lesson instanceof Lesson.OffsetUnknown o) {
      support.remove(o.account());
    }
    return new Learned(days, cap, most, least, support);
  }

  /** One learned fact. */
  public sealed interface Lesson extends Serializable {
    /** Ranges of more than {@code days} days are refused for this shape. */
    record MaxDays(String shapeKey, int days) implements Lesson {}

    /** The stored range is no longer true: a wider one was accepted. */
    record MaxDaysUnknown(String shapeKey) implements Lesson {}

    /** Responses are truncated at this many rows. */
    record RowCap(int rows) implements Lesson {}

    /** A response contained this many rows. */
    record MostRows(int rows) implements Lesson {}

    /** A query that was refused with a higher limit succeeded with this one. */
    record Limit(String account, String shapeKey, int rows) implements Lesson {}

    /** The stored limit is no longer true: a higher one was accepted. */
    record LimitUnknown(String account, String shapeKey) implements Lesson {}

    /** How the API treats {@code offset}. */
    record Offset(String account, OffsetSupport support) implements Lesson {}

    /** The stored fact about {@code offset} is no longer true. */
    record OffsetUnknown(String account) implements Lesson {}
  }
}
