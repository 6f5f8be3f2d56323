package fathomexport.cost;

import fathomexport.ledger.LedgerEntry;
import fathomexport.report.Slice;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * Estimates the rows of a period: as many as it had when it was last fetched; otherwise the average
 * of the slice's periods; otherwise the average of the report's periods over all sites.
 */
public final class ExpectedRows {
  private record ReportSlice(String report, Slice slice) {}

  private final Map<ReportSlice, Map<LocalDate, Long>> periods = new HashMap<>();
  private final Map<ReportSlice, LongSummaryStatistics> bySlice = new HashMap<>();
  private final Map<String, LongSummaryStatistics> byReport = new HashMap<>();

  /** Adds what a ledger knows of a period; of a period that is not stored it knows nothing. */
  public void add(LedgerEntry entry) {
    if (entry.stored()) {
      ReportSlice key = new ReportSlice(entry.report(), entry.slice());
      long rows = entry.certificate().rows();
      periods
          .computeIfAbsent(key, k -> new HashMap<>())
          .merge(entry.certificate().period(), rows, Math::max);
      bySlice.computeIfAbsent(key, k -> new LongSummaryStatistics()).accept(rows);
      byReport.computeIfAbsent(entry.report(), k -> new LongSummaryStatistics()).accept(rows);
    }
  }

  /** Returns the expected rows of a period; empty if no period of the report is stored. */
  OptionalDouble of(String report, Slice slice, LocalDate period) {
    ReportSlice key = new ReportSlice(report, slice);
    Long known = periods.getOrDefault(key, Map.of()).get(period);
    if (known != null) {
      return OptionalDouble.of(known);
    }
    LongSummaryStatistics seen = bySlice.getOrDefault(key, byReport.get(report));
    return seen == null ? OptionalDouble.empty() : OptionalDouble.of(seen.getAverage());
  }
}
