package fathomexport.fetch.control;

import fathomexport.certify.PeriodTotals;
import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.PeriodCertificate;
import fathomexport.plan.ControlQuery;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The answer to a control query that a period was certified against, as the ledger keeps it.
 *
 * @param at when the answer was last known to hold
 */
public record CertifiedControl(ControlQuery query, PeriodTotals totals, Instant at) {
  /** Maximum age of answers that are used again: a certificate is only as fresh as its control. */
  public static final Duration AGE = Duration.ofHours(2);

  /**
   * Returns the answer of an entry of a report; empty if the period was not certified, or grows, or
   * if the answer is about another definition or time zone, or too old.
   *
   * @param zone the site's time zone: totals of another one are totals of other days
   * @param since when the answer must have been known to hold, at the earliest
   */
  public static Optional<CertifiedControl> of(
      Report report, LedgerEntry entry, @Nullable String zone, Instant since) {
    PeriodCertificate certificate = entry.certificate();
    if (certificate.status() != CertificateStatus.CERTIFIED
        || !isWhole(report, certificate)
        || !Objects.equals(entry.provenance().zone(), zone)
        || !entry.provenance().definition().equals(report.definition())
        || !entry.knownAt().isAfter(since)) {
      return Optional.empty();
    }
    PeriodTotals totals = new PeriodTotals();
    totals.set(
        certificate.period(),
        isSilent(certificate) ? 0 : Math.max(1, certificate.rows()),
        certificate.control(),
        certificate.controlDigest());
    DayRange days = new DayRange(certificate.period(), certificate.coversTo());
    return Optional.of(
        new CertifiedControl(
            ControlQuery.of(report, entry.slice(), days), totals, entry.knownAt()));
  }

  private static boolean isSilent(PeriodCertificate certificate) {
    return certificate.rows() == 0
        && certificate.control().values().stream().allMatch(sum -> sum == 0);
  }

  /** Returns whether the period was over: the total of one that still grows is no control later. */
  private static boolean isWhole(Report report, PeriodCertificate certificate) {
    return report.dateGrouping() == DateGrouping.NONE
        || report.dateGrouping().periodEnd(certificate.period()).equals(certificate.coversTo());
  }
}
