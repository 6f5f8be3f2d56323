package fathomexport.sink.parquet.ledger;

import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.PeriodSum;
import fathomexport.ledger.Stretch;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Slice;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What the ledger of a data file says, with its confirmations, but without its certificates.
 *
 * @param stretches of all periods that the file has an entry of
 * @param sums of the pageviews of each month; in a report by year, a sum is of a year and stands
 *     for its first month
 */
record Outline(DateGrouping grouping, List<Stretch> stretches, List<PeriodSum> sums) {
  Outline {
    stretches = List.copyOf(stretches);
    sums = List.copyOf(sums);
  }

  static Outline of(FileLedger ledger) {
    DateGrouping grouping = ledger.schema().dateGrouping();
    Collection<StoredPeriod> periods = ledger.periods().values();
    List<LedgerEntry> entries = periods.stream().map(StoredPeriod::entry).toList();
    return new Outline(
        grouping,
        Stretch.of(entries, grouping),
        PeriodSum.of(entries, grouping, DateGrouping.MONTH));
  }

  /** Returns the number of its stretches and sums, which its size is in proportion to. */
  int parts() {
    return stretches.size() + sums.size();
  }

  Set<Slice> slices() {
    return stretches.stream().map(Stretch::slice).collect(Collectors.toSet());
  }

  /** Returns the number of the file's rows. */
  long rows() {
    return stretches.stream().filter(Stretch::stored).mapToLong(Stretch::rows).sum();
  }

  /** Returns the stored days of each site and event. */
  Map<Slice, List<DayRange>> storedDays() {
    Map<Slice, List<DayRange>> days = new HashMap<>();
    stretches.stream()
        .filter(Stretch::stored)
        .collect(
            Collectors.groupingBy(
                Stretch::slice,
                Collectors.mapping(
                    s -> new DayRange(s.first(), grouping.periodEnd(s.coversTo())),
                    Collectors.toList())))
        .forEach((slice, ranges) -> days.put(slice, DayRange.union(ranges)));
    return days;
  }
}
