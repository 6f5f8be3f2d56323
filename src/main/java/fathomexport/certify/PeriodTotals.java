package fathomexport.certify;

import fathomexport.report.Aggregate;
import fathomexport.report.DayRange;
import java.io.Serializable;
import java.time.LocalDate;
import java.util.EnumMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Additive measures by period: of a control answer, or summed over a window's rows. A period
 * without rows is all zeros.
 */
public final class PeriodTotals implements Serializable {
  private static final long serialVersionUID = 1L;

  /** One period's numbers. */
  public record Total(long rows, EnumMap<Aggregate, Long> sums) implements Serializable {
    static Total zero() {
      return new Total(0, new EnumMap<>(Aggregate.class));
    }

    public long sum(Aggregate aggregate) {
      return sums.getOrDefault(aggregate, 0L);
    }
  }

  private final TreeMap<LocalDate, Total> periods = new TreeMap<>();

  /**
   * Counts a row.
   *
   * @throws ArithmeticException when a sum leaves 64 bits
   */
  public void add(LocalDate period, Map<Aggregate, Long> measures) {
    Total before = of(period);
    EnumMap<Aggregate, Long> sums = new EnumMap<>(before.sums());
    measures.forEach((a, v) -> sums.merge(a, v, Math::addExact));
    periods.put(period, new Total(before.rows() + 1, sums));
  }

  /** Takes over what another holds of these days. */
  public void addAll(PeriodTotals other, DayRange days) {
    other.periods.subMap(days.first(), true, days.last(), true).forEach(periods::put);
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
  }

  public Total of(LocalDate period) {
    return periods.getOrDefault(period, Total.zero());
  }

  /** Forgets the periods from this one on. */
  public void dropFrom(LocalDate period) {
    periods.tailMap(period, true).clear();
  }

  /** The periods that have rows. */
  public SortedMap<LocalDate, Total> periods() {
    return new TreeMap<>(periods);
  }
}
