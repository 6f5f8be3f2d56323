package fathomexport.ledger;

import fathomexport.report.Aggregate;
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
 * @param controlDigest digest of all values of the control's answer about the period, so that a
 *     later answer that is equal confirms the rows without fetching them; null when the period is
 *     not certified, and in entries of versions that made none
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
    @Nullable String digest,
    @Nullable String controlDigest) {

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

  /** Without a digest of the control's answer: the period cannot be confirmed by one. */
  public PeriodCertificate(
      LocalDate period,
      LocalDate coversTo,
      CertificateStatus status,
      long rows,
      Map<Aggregate, Long> sums,
      Map<Aggregate, Long> control,
      boolean storeIfAbsent,
      @Nullable String reason,
      @Nullable String digest) {
    this(period, coversTo, status, rows, sums, control, storeIfAbsent, reason, digest, null);
  }

  /** The same, with the digest of the control's answer that it was compared with. */
  public PeriodCertificate against(@Nullable String answer) {
    return new PeriodCertificate(
        period,
        coversTo,
        status,
        rows,
        sums,
        control,
        storeIfAbsent,
        reason,
        digest,
        status == CertificateStatus.CERTIFIED ? answer : null);
  }

  /** Whether two certify the same rows, whatever the control said besides its sums. */
  public boolean sameRows(PeriodCertificate other) {
    return against(null).equals(other.against(null));
  }

  private static Map<Aggregate, Long> copy(Map<Aggregate, Long> map) {
    EnumMap<Aggregate, Long> copy = new EnumMap<>(Aggregate.class);
    copy.putAll(map);
    return Collections.unmodifiableMap(copy);
  }
}
