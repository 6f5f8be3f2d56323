package fathomexport.sink.parquet.ledger;

import fathomexport.ledger.PeriodCertificate;
import fathomexport.report.DateGrouping;
import fathomexport.report.Slice;
import java.time.LocalDate;
import java.util.Comparator;

/**
 * What a certificate is about within a site.
 *
 * @param event the event's name, {@code ""} for pageviews
 * @param period its first day
 * @param rangeEnd for reports without date grouping the range's last day: ranges stand side by
 *     side; else the period again, since a period may be covered further by a later load
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
