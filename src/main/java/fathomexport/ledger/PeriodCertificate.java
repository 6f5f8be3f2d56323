package fathomexport.ledger;

import fathomexport.report.Aggregate;
import java.time.LocalDate;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The evidence that one period of a window is complete, or why it is not. A period is a day, a
 * month, a year, or the whole range for reports without date grouping.
 *
 * @param period first day of the period
 * @param coversTo last measured day of the period
 * @param rows number of rows
 * @param sums sums over the rows of the additive measures
 * @param control the same measures from the ungrouped control query; empty if there was none
 * @param storeIfAbsent whether an incomplete period's rows may be stored if nothing is stored yet
 * @param reason why the period is not certified; null if it is
 * @param digest {@code RowDigest} of the rows, which reveals any later change of the stored rows;
 *     null in entries of versions that computed none
 * @param controlDigest digest of all values of the control totals of the period. An equal later
 *     response confirms the rows without fetching them. Null if the period is not certified, and in
 *     entries of versions that computed none
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

  /**
   * Creates a certificate without a digest of the control totals: they cannot confirm the period.
   */
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

  /** Returns this certificate with the digest of the control totals that it was compared with. */
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

  /** Returns whether both certify the same rows, ignoring the digest of the control totals. */
  public boolean sameRows(PeriodCertificate other) {
    return against(null).equals(other.against(null));
  }

  private static Map<Aggregate, Long> copy(Map<Aggregate, Long> map) {
    EnumMap<Aggregate, Long> copy = new EnumMap<>(Aggregate.class);
    copy.putAll(map);
    return Collections.unmodifiableMap(copy);
  }
}
