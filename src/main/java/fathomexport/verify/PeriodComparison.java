package fathomexport.verify;

import fathomexport.certify.PeriodTotals;
import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.PeriodCertificate;
import fathomexport.report.Aggregate;
import fathomexport.report.DayRange;
import fathomexport.report.DifferenceCause;
import fathomexport.report.Report;
import fathomexport.report.rows.RowDigest;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Compares one period three ways: the rows in a sink, the ledger's certificate of their export, and
 * what the API reports now. Says of each difference what caused it.
 */
final class PeriodComparison {
  private final Comparison comparison;
  private final Report report;
  private final DayRange period;
  private final @Nullable LedgerEntry entry;
  private final StoredTotals stored;
  private final CurrentTotals current;

  PeriodComparison(
      Comparison comparison, DayRange period, StoredTotals stored, CurrentTotals current) {
    this.comparison = comparison;
    this.report = comparison.report();
    this.period = period;
    this.entry = comparison.entry(period);
    this.stored = stored;
    this.current = current;
  }

  /** Returns the numbers that differ; none if the period is as exported and as the API reports. */
  List<DifferingNumber> differences() {
    List<DifferingNumber> differing = new ArrayList<>();
    LocalDate day = period.first();
    PeriodTotals.Total mine = stored.totals().of(day);
    PeriodTotals.Total theirs = current.control().of(day);
    PeriodCertificate certificate = entry == null ? null : entry.certificate();
    long exported = certificate == null ? 0 : certificate.rows();
    boolean changed = mine.rows() != exported;
    if (changed) {
      differing.add(
          new DifferingNumber("rows", mine.rows(), exported, DifferenceCause.CHANGED_IN_STORAGE));
    }
    for (Aggregate measure : Aggregate.additiveOf(report.entity())) {
      long now = theirs.sum(measure);
      if (entry == null || certificate == null) {
        if (now != 0) {
          differing.add(
              new DifferingNumber(measure.apiName(), null, now, DifferenceCause.NEVER_EXPORTED));
        }
        continue;
      }
      long then = certificate.sums().getOrDefault(measure, 0L);
      // A measure that the rows do not have, or did not have when they were exported: use the sum
      // in the certificate.
      boolean comparable =
          report.aggregates().contains(measure) && (isOf(entry) || stored.has(measure, day));
      long sum = comparable ? mine.sum(measure) : then;
      changed |= sum != then;
      if (sum != now) {
        differing.add(new DifferingNumber(measure.apiName(), sum, now, cause(entry, sum != then)));
      }
    }
    if (certificate != null && !changed && !sameContents(certificate, stored.digests(), day)) {
      differing.add(DifferingNumber.contents(DifferenceCause.CHANGED_IN_STORAGE));
    }
    return differing;
  }

  /** Returns whether the rows of an entry were exported under the report's present definition. */
  private boolean isOf(LedgerEntry entry) {
    return entry.provenance().definition().equals(report.definition());
  }

  private DifferenceCause cause(LedgerEntry entry, boolean changed) {
    if (changed) {
      return DifferenceCause.CHANGED_IN_STORAGE;
    }
    if (!isOf(entry)) {
      return DifferenceCause.OTHER_DEFINITION;
    }
    String then = entry.provenance().zone();
    ZoneId zone = current.zone();
    if (then != null && zone != null && !then.equals(zone.getId())) {
      return DifferenceCause.OTHER_ZONE;
    }
    if (entry.certificate().status() == CertificateStatus.INCOMPLETE) {
      return DifferenceCause.INCOMPLETE;
    }
    return current.areThoseOfAnotherSink(report, comparison.sink(), period)
        ? DifferenceCause.OTHER_SINK_AGREES
        : DifferenceCause.CHANGED_AT_THE_API;
  }

  /**
   * Returns whether the rows equal those that were exported, cell by cell. Returns true if there is
   * no comparable digest.
   */
  private static boolean sameContents(
      PeriodCertificate certificate, Map<LocalDate, String> digests, LocalDate period) {
    String then = certificate.digest();
    String now = digests.get(period);
    return then == null || now == null || !RowDigest.comparable(then, now) || then.equals(now);
  }
}
