package fathomexport.verify;

import fathomexport.certify.PeriodTotals;
import fathomexport.ledger.LedgerEntry;
import fathomexport.report.Aggregate;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.sink.Sink;
import java.time.ZoneId;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What the API reports now.
 *
 * @param zone the time zone that it counts in
 * @param comparisons all that is compared with it, of every sink
 */
record CurrentTotals(PeriodTotals control, @Nullable ZoneId zone, List<Comparison> comparisons) {
  CurrentTotals {
    comparisons = List.copyOf(comparisons);
  }

  /** Returns whether the ledger of another sink says that it holds what the API reports. */
  boolean areThoseOfAnotherSink(Report report, Sink sink, DayRange period) {
    return comparisons.stream()
        .filter(c -> c.report().equals(report) && c.sink() != sink)
        .flatMap(c -> Stream.ofNullable(c.entry(period)))
        .map(LedgerEntry::certificate)
        .filter(c -> c.coversTo().equals(period.last()))
        .anyMatch(
            c ->
                Aggregate.additiveOf(report.entity()).stream()
                    .allMatch(
                        a -> c.sums().getOrDefault(a, 0L) == control.of(period.first()).sum(a)));
  }
}
