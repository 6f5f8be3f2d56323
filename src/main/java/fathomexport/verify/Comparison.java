package fathomexport.verify;

import fathomexport.ledger.LedgerEntry;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.sink.Sink;
import java.time.LocalDate;
import java.time.YearMonth;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What one sink holds for one report and slice, to be compared with the totals of one control
 * query.
 *
 * @param held the stored periods, by their {@link #key}
 * @param asked the days of the control query
 */
record Comparison(
    Report report,
    Sink sink,
    Map<String, LedgerEntry> held,
    DayRange asked,
    List<DayRange> periods) {

  /**
   * Returns what a sink is to hold for a report and slice.
   *
   * @param stored the entries of what it holds for them
   * @param firstDay the first day that an export fetches. Earlier periods are compared only if they
   *     are stored: others are missing for good, and a request for them would be billed in vain.
   */
  static List<Comparison> of(
      Report report,
      Sink sink,
      Collection<LedgerEntry> stored,
      DayRange range,
      LocalDate firstDay) {
    Map<String, LedgerEntry> held = new LinkedHashMap<>();
    for (LedgerEntry entry : stored) {
      held.put(key(report, entry.certificate().period(), entry.certificate().coversTo()), entry);
    }
    if (report.dateGrouping() == DateGrouping.NONE) {
      return held.values().stream()
          .map(e -> new DayRange(e.certificate().period(), e.certificate().coversTo()))
          .filter(range::contains)
          .map(r -> new Comparison(report, sink, held, r, List.of(r)))
          .toList();
    }
    List<DayRange> periods =
        range
            .periods(report.dateGrouping())
            .filter(
                p ->
                    held.containsKey(key(report, p, p))
                        || !report.dateGrouping().periodEnd(p).isBefore(firstDay))
            .map(p -> measured(report, range, held.get(key(report, p, p)), p))
            .toList();
    if (periods.isEmpty()) {
      return List.of();
    }
    return List.of(new Comparison(report, sink, held, span(periods), periods));
  }

  private static DayRange span(List<DayRange> periods) {
    return new DayRange(periods.get(0).first(), periods.get(periods.size() - 1).last());
  }

  /** Returns the days of a period that are stored. If none are, returns those that are over. */
  private static DayRange measured(
      Report report, DayRange range, @Nullable LedgerEntry entry, LocalDate period) {
    if (entry != null) {
      return new DayRange(period, entry.certificate().coversTo());
    }
    LocalDate end = report.dateGrouping().periodEnd(period);
    return new DayRange(period, end.isAfter(range.last()) ? range.last() : end);
  }

  private static String key(Report report, LocalDate period, LocalDate coversTo) {
    return report.dateGrouping() == DateGrouping.NONE
        ? period + ".." + coversTo
        : period.toString();
  }

  /** Returns the entry of a period, or null if it is not stored. */
  @Nullable LedgerEntry entry(DayRange period) {
    return held.get(key(report, period.first(), period.last()));
  }

  /** Returns the name of a period, which is the same for every sink. */
  String nameOf(DayRange period) {
    return report.name() + " " + key(report, period.first(), period.last());
  }

  /** Returns a comparison for each file that the periods would lie in. */
  List<Comparison> byFile() {
    return periods.stream()
        .collect(
            Collectors.groupingBy(
                p -> together(p.first()), LinkedHashMap::new, Collectors.toList()))
        .values()
        .stream()
        .map(its -> new Comparison(report, sink, held, span(its), its))
        .toList();
  }

  /** Returns the days that share a file with the first period. */
  DayRange daysOfFile() {
    return together(periods.get(0).first());
  }

  /** Returns the days that share a file: those of a month, or of a year. */
  private DayRange together(LocalDate day) {
    return switch (report.dateGrouping()) {
      case HOUR, DAY -> new DayRange(day.withDayOfMonth(1), YearMonth.from(day).atEndOfMonth());
      case MONTH, YEAR, NONE ->
          new DayRange(day.withDayOfYear(1), day.withMonth(12).withDayOfMonth(31));
    };
  }
}
