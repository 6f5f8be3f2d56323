package fathomexport.certify;

import fathomexport.report.Aggregate;
import fathomexport.report.DayRange;
import java.io.Serializable;
import java.time.LocalDate;
import java.util.EnumMap;
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

    private final EnumMap<Aggregate, Long> sums;
    private long rows;

    private Total(long rows, EnumMap<Aggregate, Long> sums) {
      this.rows = rows;
      this.sums = sums;
    }

    private static Total zero() {
      return new Total(0, new EnumMap<>(Aggregate.class));
    }

    public long rows() {
      return rows;
    }

    public long sum(Aggregate aggregate) {
      return sums.getOrDefault(aggregate, 0L);
    }

    private Total copy() {
      return new Total(rows, new EnumMap<>(sums));
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
    // Rows come ordered by period: the map is asked once a period, not once a row.
    if (!period.equals(currentPeriod) || current == null) {
      current = periods.computeIfAbsent(period, p -> Total.zero());
      currentPeriod = period;
    }
    current.rows++;
    for (Map.Entry<Aggregate, Long> e : measures.entrySet()) {
      current.sums.merge(e.getKey(), e.getValue(), Math::addExact);
    }
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
    EnumMap<Aggregate, Long> copy = new EnumMap<>(Aggregate.class);
    copy.putAll(sums);
    periods.put(period, new Total(rows, copy));
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
