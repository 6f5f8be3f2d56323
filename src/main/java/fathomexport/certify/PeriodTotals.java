package fathomexport.certify;

import fathomexport.report.Aggregate;
import fathomexport.report.DayRange;
import java.io.Serializable;
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
public final class PeriodTotals implements Serializable {
  private static final long serialVersionUID = 1L;

  /** One period's numbers. */
  public static final class Total implements Serializable {
    private static final long serialVersionUID = 1L;

    /** By the aggregate's {@link #index}. */
    private final long[] sums;

    private long rows;

    private Total(long rows, long[] sums) {
      this.rows = rows;
      this.sums = sums;
    }

    private static Total zero() {
      return new Total(0, new long[Aggregate.values().length]);
    }

    public long rows() {
      return rows;
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
      return new Total(rows, sums.clone());
    }
  }

  private final TreeMap<LocalDate, Total> periods = new TreeMap<>();
  private transient @Nullable LocalDate currentPeriod;
  private transient @Nullable Total current;

  /**
   * Counts a row.
   *
   * @throws ArithmeticException when a sum leaves 64 bits
   */
  public void add(LocalDate period, Map<Aggregate, Long> measures) {
    Total total = at(period);
    total.rows++;
    measures.forEach(total::add);
  }

  /**
   * Counts a row.
   *
   * @param values of the measures, by position; 0 where the row has none
   * @throws ArithmeticException when a sum leaves 64 bits
   */
  public void add(LocalDate period, List<Aggregate> measures, long[] values) {
    Total total = at(period);
    total.rows++;
    for (int i = 0; i < values.length; i++) {
      total.add(measures.get(i), values[i]);
    }
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

  /** Holds a period's totals as they are given. */
  public void set(LocalDate period, long rows, Map<Aggregate, Long> sums) {
    Total total = Total.zero();
    total.rows = rows;
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
