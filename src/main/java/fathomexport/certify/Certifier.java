package fathomexport.certify;

import fathomexport.ledger.CertificateStatus;
import fathomexport.ledger.PeriodCertificate;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.Entity;
import fathomexport.report.Window;
import java.time.LocalDate;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Compares a window's rows with the control totals, period by period and in both directions: a
 * missing group makes the sum too small, a duplicated or foreign one too large, and a period that
 * only one side has is compared with zero.
 */
public final class Certifier {
  private Certifier() {}

  /**
   * A known fault of a period, whatever its sums are.
   *
   * @param storeIfAbsent whether the rows, though incomplete, may be stored if the sink has none
   *     for the period
   */
  public record Fault(String reason, boolean storeIfAbsent) {}

  /**
   * Creates one certificate per period of the window, in ascending order.
   *
   * @param rows sums over the typed rows
   * @param digests digests of the typed rows, for periods that have rows
   * @param control totals of the control response; null if the control query failed
   * @param noControl why there is no control; shown to people
   * @param faults periods that are known to be incomplete
   */
  public static List<PeriodCertificate> certify(
      Window window,
      Entity entity,
      PeriodTotals rows,
      Map<LocalDate, String> digests,
      @Nullable PeriodTotals control,
      String noControl,
      Map<LocalDate, Fault> faults) {
    return window
        .periods()
        .map(
            period ->
                one(
                    window,
                    entity,
                    period,
                    rows,
                    digests.get(period),
                    control,
                    noControl,
                    faults.get(period)))
        .toList();
  }

  private static PeriodCertificate one(
      Window window,
      Entity entity,
      LocalDate period,
      PeriodTotals rows,
      @Nullable String digest,
      @Nullable PeriodTotals control,
      String noControl,
      @Nullable Fault fault) {
    LocalDate end =
        window.dateGrouping() == DateGrouping.NONE
            ? window.days().last()
            : window.dateGrouping().periodEnd(period);
    LocalDate coversTo = end.isAfter(window.days().last()) ? window.days().last() : end;
    Map<Aggregate, Long> sums = measures(entity, rows.of(period));
    Map<Aggregate, Long> totals = control == null ? Map.of() : measures(entity, control.of(period));
    CertificateStatus status;
    String reason = null;
    boolean storeIfAbsent = false;
    if (fault != null) {
      status = CertificateStatus.INCOMPLETE;
      reason = control == null ? fault.reason() : fault.reason() + difference(sums, totals);
      storeIfAbsent = fault.storeIfAbsent();
    } else if (control == null) {
      status = CertificateStatus.UNCERTIFIED;
      reason = noControl;
    } else if (sums.equals(totals)) {
      PeriodTotals.Total mine = rows.of(period);
      PeriodTotals.Total theirs = control.of(period);
      boolean hours =
          window.dateGrouping() != DateGrouping.HOUR
              || Aggregate.additiveOf(entity).stream().allMatch(a -> mine.sameHours(theirs, a));
      status = hours ? CertificateStatus.CERTIFIED : CertificateStatus.INCOMPLETE;
      reason = hours ? null : "the day adds up to the control total, but not each of its hours";
    } else {
      status = CertificateStatus.INCOMPLETE;
      reason = "the rows do not add up to the control total" + difference(sums, totals);
    }
    return new PeriodCertificate(
            period,
            coversTo,
            status,
            rows.of(period).rows(),
            sums,
            totals,
            storeIfAbsent,
            reason,
            digest)
        .against(control == null ? null : control.of(period).answer());
  }

  private static Map<Aggregate, Long> measures(Entity entity, PeriodTotals.Total total) {
    EnumMap<Aggregate, Long> measures = new EnumMap<>(Aggregate.class);
    for (Aggregate a : Aggregate.additiveOf(entity)) {
      measures.put(a, total.sum(a));
    }
    return measures;
  }

  private static String difference(Map<Aggregate, Long> sums, Map<Aggregate, Long> totals) {
    String text =
        totals.entrySet().stream()
            .filter(e -> !e.getValue().equals(sums.get(e.getKey())))
            .map(e -> e.getKey().apiName() + " " + sums.get(e.getKey()) + " of " + e.getValue())
            .collect(Collectors.joining(", "));
    return text.isEmpty() ? "" : " (" + text + ")";
  }
}
