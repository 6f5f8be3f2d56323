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
 * Additive measures by period: of a control answer, or summed over a window's rows. A period
 * without rows is all zeros.
 */
public final class PeriodTotals {
  /** One period's numbers. */
  public static final class Total {
    /** By the aggregate's {@link #index}. */
    private final long[] sums;

    /** The digest of an answer without a row. */
    private static final String NOTHING = Digests.hex("nothing");

    /** The same, each value times a number that is its hour's own; equal hours, equal sums. */
    private final long[] byHour;

    private long rows;
    private boolean hoursKnown = true;

    /** Digest of the values that came; null when they are not known, or could not be read. */
    private @Nullable String answer = NOTHING;

    /** Rows that are in the digest: with others it says nothing. */
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
     * Whether a measure is the same in each hour, not only in sum. True when either side's hours
     * are not known.
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
     * Digest of all values of a control's answer, hour by hour: two that are equal say the same.
     * Null when the values are not known.
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

    @SuppressWarnings("EnumOrdinal") // of an array that no other version of the enum meets
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
   * Counts a row, of an hour that is not known.
   *
   * @throws ArithmeticException when a sum leaves 64 bits
   */
  public void add(LocalDate period, Map<Aggregate, Long> measures) {
    Total total = at(period);
    total.rows++;
    total.hoursKnown = false;
    measures.forEach(total::add);
  }

  /**
   * Takes all values of a row that was counted last, as they were typed, into the digest of the
   * period's answer.
   *
   * @param hour tells the hours of a period apart
   * @param values each aggregate's name and value; null when one of them is no number
   */
  public void answered(LocalDate period, long hour, @Nullable String values) {
    Total total = at(period);
    total.answered++;
    String before = total.answer;
    total.answer =
        before == null || values == null ? null : Digests.hex(before, Long.toString(hour), values);
  }

  /**
   * Counts a row.
   *
   * @param hour tells the hours of a period apart; one and the same where it has none
   * @param values of the measures, by position; 0 where the row has none
   * @throws ArithmeticException when a sum leaves 64 bits
   */
  public void add(LocalDate period, long hour, List<Aggregate> measures, long[] values) {
    Total total = at(period);
    total.rows++;
    long weight = weight(hour);
    for (int i = 0; i < values.length; i++) {
      total.add(measures.get(i), values[i]);
      // Modulo 2 to the 64: it is a fingerprint.
      total.byHour[Total.index(measures.get(i))] += values[i] * weight;
    }
  }

  /** An odd number of the hour, as good as random: the last steps of MurmurHash3. */
  private static long weight(long hour) {
    long x = (hour ^ (hour >>> 33)) * 0xff51afd7ed558ccdL;
    x = (x ^ (x >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return (x ^ (x >>> 33)) | 1;
  }

  private Total at(LocalDate period) {
    // Rows come ordered by period: the map is asked once a period, not once a row.
    Total total = current;
    if (total == null || !period.equals(currentPeriod)) {
      total = periods.computeIfAbsent(period, p -> Total.zero());
      current = total;
      currentPeriod = period;
    }
    return total;
  }

  /** Adds what another holds to what is held. */
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

  /** Forgets the digests of these days' answers: their sums stand, the answers confirm nothing. */
  public void forgetAnswers(DayRange days) {
    periods
        .subMap(days.first(), true, days.last(), true)
        .values()
        .forEach(total -> total.answer = null);
  }

  /** Takes over what another holds of these days. */
  public void addAll(PeriodTotals other, DayRange days) {
    other
        .periods
        .subMap(days.first(), true, days.last(), true)
        .forEach((p, t) -> periods.put(p, t.copy()));
    current = null;
  }

  /** Takes over what another holds of these days, in place of what was held. */
  public void replace(PeriodTotals other, DayRange days) {
    periods.subMap(days.first(), true, days.last(), true).clear();
    addAll(other, days);
  }

  /** Holds a period's totals as they are given; its hours are not known. */
  public void set(LocalDate period, long rows, Map<Aggregate, Long> sums) {
    set(period, rows, sums, null);
  }

  /**
   * The same, with the digest of the answer that they are from.
   *
   * @param answer null when it is not known
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

  /** Forgets the periods from this one on. */
  public void dropFrom(LocalDate period) {
    periods.tailMap(period, true).clear();
    current = null;
  }

  /** The periods that have rows. */
  public SortedMap<LocalDate, Total> periods() {
    return new TreeMap<>(periods);
  }
}
