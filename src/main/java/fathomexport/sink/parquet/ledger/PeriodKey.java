package fathomexport.sink.parquet.ledger;

import fathomexport.ledger.PeriodCertificate;
import fathomexport.report.DateGrouping;
import fathomexport.report.Slice;
import java.time.LocalDate;
import java.util.Comparator;

/**
 * The key of a certificate within a site.
 *
 * @param event the event's name, or {@code ""} for pageviews
 * @param period first day of the period
 * @param rangeEnd the last day of the range for reports without date grouping, whose ranges are
 *     stored side by side. Otherwise equal to {@code period}, because a later load may cover more
 *     of the period
 */
public record PeriodKey(String event, LocalDate period, LocalDate rangeEnd)
    implements Comparable<PeriodKey> {
  private static final Comparator<PeriodKey> ORDER =
      Comparator.comparing(PeriodKey::event)
          .thenComparing(PeriodKey::period)
          .thenComparing(PeriodKey::rangeEnd);

  public static PeriodKey of(Slice slice, DateGrouping grouping, PeriodCertificate certificate) {
    return of(slice, grouping, certificate.period(), certificate.coversTo());
  }

  public static PeriodKey of(
      Slice slice, DateGrouping grouping, LocalDate period, LocalDate coversTo) {
    return new PeriodKey(
        slice.eventKey(), period, grouping == DateGrouping.NONE ? coversTo : period);
  }

  @Override
  public int compareTo(PeriodKey other) {
    return ORDER.compare(this, other);
  }
}
