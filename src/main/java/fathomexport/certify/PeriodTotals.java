package fathomexport.certify;

import fathomexport.report.Aggregate;
import fathomexport.report.DayRange;
import fathomexport.report.Digests;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Additive measures by period, either of a control response or summed over a window's rows. A
 * period without rows has zeros only.
 */
public final class PeriodTotals {
  /** The totals of one period. */
  public static final class Total {
    /** Sums, indexed by {@link #index}. */
    private final long[] sums;

    /** The digest of a response without rows. */
    private static final String NOTHING = Digests.hex("nothing");

    /** Sums of each value times a weight of its hour. Equal values in each hour give equal sums. */
    private final long[] byHour;

    private long rows;
    private boolean hoursKnown = true;

    /** Digest of the values in the response; null if they are unknown or could not be parsed. */
    private @Nullable String answer = NOTHING;

    /** Number of rows in the digest. The digest is valid only if these are all rows. */
    private long answered;

    private Total(long rows, long[] sums, long[] byHour) {
      this.rows = rows;
      this.sums = sums;
      this.byHour = byHour;
    }

    private static Total zero() {
      int measures = Aggregate.values().length;
      return new Total(0, new long[measures], new long[measures]);
    }

    /**
     * Returns whether a measure is equal in each hour, not only in sum. Returns true if the hours
     * of either side are unknown.
     */
    public boolean sameHours(Total other, Aggregate aggregate) {
      return !hoursKnown
          || !other.hoursKnown
          || byHour[index(aggregate)] == other.byHour[index(aggregate)];
    }

    public long rows() {
      return rows;
    }

    /**
     * Returns the digest of all values of a control response, hour by hour. Equal digests mean
     * equal values. Returns null if the values are unknown.
     */
    public @Nullable String answer() {
      return answered == rows ? answer : null;
    }

    public long sum(Aggregate aggregate) {
      return sums[index(aggregate)];
    }

    private void add(Aggregate aggregate, long value) {
      int i = index(aggregate);
      sums[i] = Math.addExact(sums[i], value);
    }

    @SuppressWarnings("EnumOrdinal") // the ordinal indexes an array that is never stored
    private static int index(Aggregate aggregate) {
      return aggregate.ordinal();
    }

    private Total copy() {
      Total copy = new Total(rows, sums.clone(), byHour.clone());
      copy.hoursKnown = hoursKnown;
      copy.answer = answer;
      copy.answered = answered;
      return copy;
    }
  }

  private final TreeMap<LocalDate, Total> periods = new TreeMap<>();
  private transient @Nullable LocalDate currentPeriod;
  private transient @Nullable Total current;

  /**
   * Adds a row whose hour is unknown.
   *
   * @throws ArithmeticException if a sum exceeds 64 bits
   */
  public void add(LocalDate period, Map<Aggregate, Long> measures) {
    Total total = at(period);
    total.rows++;
    total.hoursKnown = false;
    measures.forEach(total::add);
  }

  /**
   * Adds the values of the row that was added last, as typed, to the digest of the period's
   * response.
   *
   * @param hour distinguishes the hours of a period
   * @param values each aggregate's name and value; null if one of them is not a number
   */
  public void answered(LocalDate period, long hour, @Nullable String values) {
    Total total = at(period);
    total.answered++;
    String before = total.answer;
    total.answer =
        before == null || values == null ? null : Digests.hex(before, Long.toString(hour), values);
  }

  /**
   * Adds a row.
   *
   * @param hour distinguishes the hours of a period; constant if the period has none
   * @param values one per measure, in the same order; 0 if the row has none
   * @throws ArithmeticException if a sum exceeds 64 bits
   */
  public void add(LocalDate period, long hour, List<Aggregate> measures, long[] values) {
    Total total = at(period);
    total.rows++;
    long weight = weight(hour);
    for (int i = 0; i < values.length; i++) {
      total.add(measures.get(i), values[i]);
      // Overflow wraps around: the sum is only a fingerprint.
      total.byHour[Total.index(measures.get(i))] += values[i] * weight;
    }
  }

  /** Returns a pseudo-random odd number for the hour: the final steps of MurmurHash3. */
  private static long weight(long hour) {
    long x = (hour ^ (hour >>> 33)) * 0xff51afd7ed558ccdL;
    x = (x ^ (x >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return (x ^ (x >>> 33)) | 1;
  }

  private Total at(LocalDate period) {
    // Rows are ordered by period: look the period up once per period, not once per row.
    Total total = current;
    if (total == null || !period.equals(currentPeriod)) {
      total = periods.computeIfAbsent(period, p -> Total.zero());
      current = total;
      currentPeriod = period;
    }
    return total;
  }

  /** Adds the totals of another object to these. */
  public void sum(PeriodTotals other) {
    other.periods.forEach(
        (period, more) -> {
          Total total = at(period);
          total.rows += more.rows;
          total.hoursKnown &= more.hoursKnown;
          for (int i = 0; i < total.sums.length; i++) {
            total.sums[i] = Math.addExact(total.sums[i], more.sums[i]);
            total.byHour[i] += more.byHour[i];
          }
        });
  }

  /**
   * Drops the digests of these days. The sums stay, but the responses no longer confirm anything.
   */
  public void forgetAnswers(DayRange days) {
    periods
        .subMap(days.first(), true, days.last(), true)
        .values()
        .forEach(total -> total.answer = null);
  }

  /** Copies the totals of these days from another object; periods without totals there stay. */
  public void addAll(PeriodTotals other, DayRange days) {
    other
        .periods
        .subMap(days.first(), true, days.last(), true)
        .forEach((p, t) -> periods.put(p, t.copy()));
    current = null;
  }

  /** Replaces the totals of these days with those of another object. */
  public void replace(PeriodTotals other, DayRange days) {
    periods.subMap(days.first(), true, days.last(), true).clear();
    addAll(other, days);
  }

  /** Sets the totals of a period. Its hours are unknown. */
  public void set(LocalDate period, long rows, Map<Aggregate, Long> sums) {
    set(period, rows, sums, null);
  }

  /**
   * Sets the totals of a period and the digest of the response that they come from.
   *
   * @param answer null if the digest is unknown
   */
  public void set(LocalDate period, long rows, Map<Aggregate, Long> sums, @Nullable String answer) {
    Total total = Total.zero();
    total.rows = rows;
    total.hoursKnown = false;
    total.answer = answer;
    total.answered = rows;
    sums.forEach(total::add);
    periods.put(period, total);
    current = null;
  }

  public Total of(LocalDate period) {
    return periods.getOrDefault(period, Total.zero());
  }

  /** Removes this period and all later ones. */
  public void dropFrom(LocalDate period) {
    periods.tailMap(period, true).clear();
    current = null;
  }

  /** Returns the periods that have totals. */
  public SortedMap<LocalDate, Total> periods() {
    return new TreeMap<>(periods);
  }
}
