package fathomexport.ledger;

import fathomexport.report.Aggregate;
import java.io.Serializable;
import java.time.LocalDate;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The evidence for one period (a day, a month, a year; for reports without date grouping the whole
 * range) of a window.
 *
 * @param period first day of the period
 * @param coversTo last day of it that was measured
 * @param rows number of rows
 * @param sums sums over the rows of the additive measures
 * @param control the same measures from the ungrouped control query; empty when there was none
 * @param storeIfAbsent an incomplete period's rows may be stored where nothing is stored yet
 * @param reason why the period is not certified; null when it is
 * @param digest {@code RowDigest} of the rows, so that a later change of what is stored is found
 *     whatever it changed; null in entries of versions that made none
 */
public record PeriodCertificate(
    LocalDate period,
    LocalDate coversTo,
    CertificateStatus status,
    long rows,
    Map<Aggregate, Long> sums,
    Map<Aggregate, Long> control,
    boolean storeIfAbsent,
    @Nullable String reason,
    @Nullable String digest)
    implements Serializable {

  public PeriodCertificate {
    sums = copy(sums);
    control = copy(control);
    if (coversTo.isBefore(period)) {
      throw new IllegalArgumentException("period " + period + " covers only to " + coversTo);
    }
    if ((status == CertificateStatus.CERTIFIED) != (reason == null)) {
      throw new IllegalArgumentException(
          "a reason is given exactly when a period is not certified");
    }
    if (status == CertificateStatus.CERTIFIED && !sums.equals(control)) {
      throw new IllegalArgumentException("certified with sums " + sums + " and control " + control);
    }
    if (storeIfAbsent && status != CertificateStatus.INCOMPLETE) {
      throw new IllegalArgumentException("storeIfAbsent is for incomplete periods");
    }
  }

  private static Map<Aggregate, Long> copy(Map<Aggregate, Long> map) {
    EnumMap<Aggregate, Long> copy = new EnumMap<>(Aggregate.class);
    copy.putAll(map);
    return Collections.unmodifiableMap(copy);
  }
}
