package fathomexport.dashboard;

import fathomexport.report.DateGrouping;
import fathomexport.report.Report;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Which of several reports on whole sites a day, or a period, is taken from. The rule is that of
 * the views {@code fathom_bi.site_day} and {@code fathom_bi.site_month}: of each month the report
 * that has most days of it, the first of the best where several have as many; before the first and
 * after the last day of that report another one that reaches the day.
 */
final class FileSources {
  private final List<Report> candidates;
  private final FileCoverage coverage;

  /** By site: what is stored of each candidate, in their order. */
  private final Map<String, List<Stored>> stored = new HashMap<>();

  /**
   * @param candidates reports of one date grouping, the best first
   */
  FileSources(FileCoverage coverage, List<Report> candidates) {
    this.coverage = coverage;
    this.candidates = List.copyOf(candidates);
  }

  /** How many days of each month, or period, are stored of a report. */
  private record Stored(
      Report report, LocalDate first, LocalDate last, Map<LocalDate, Long> daysOf) {
    boolean reaches(LocalDate period) {
      return !period.isBefore(first) && !period.isAfter(last);
    }
  }

  /** Returns the report that a period of a site is taken from; null if none had begun by then. */
  @Nullable Report of(String site, LocalDate period) {
    List<Stored> all = stored.computeIfAbsent(site, this::stored);
    Stored most = null;
    for (Stored one : all) {
      if (most == null || days(one, period) > days(most, period)) {
        most = one;
      }
    }
    if (most == null) {
      return null;
    }
    if (days(most, period) > 0 && most.reaches(period)) {
      return most.report();
    }
    for (Predicate<Stored> has :
        List.<Predicate<Stored>>of(
            one -> one.reaches(period), one -> !period.isBefore(one.first()))) {
      for (Stored one : all) {
        if (has.test(one)) {
          return one.report();
        }
      }
    }
    return null;
  }

  private static long days(Stored one, LocalDate period) {
    return one.daysOf().getOrDefault(part(one.report(), period), 0L);
  }

  /** Returns the first day of what is decided at once. */
  private static LocalDate part(Report report, LocalDate period) {
    return report.dateGrouping() == DateGrouping.DAY ? period.withDayOfMonth(1) : period;
  }

  private List<Stored> stored(String site) {
    List<Stored> all = new ArrayList<>();
    for (Report report : candidates) {
      NavigableMap<LocalDate, Long> periods = new TreeMap<>();
      Map<LocalDate, Long> daysOf = new HashMap<>();
      coverage
          .periods(report, site)
          .forEach(
              (period, known) -> {
                LocalDate to = known.coversTo();
                if (to != null) {
                  long days = to.toEpochDay() - period.toEpochDay() + 1;
                  periods.put(period, days);
                  daysOf.merge(part(report, period), days, Long::sum);
                }
              });
      if (!periods.isEmpty()) {
        all.add(new Stored(report, periods.firstKey(), periods.lastKey(), daysOf));
      }
    }
    return all;
  }
}
