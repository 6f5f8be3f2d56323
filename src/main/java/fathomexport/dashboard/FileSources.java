package fathomexport.dashboard;

import fathomexport.report.DateGrouping;
import fathomexport.report.Report;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Which of several reports on whole sites a day, or a period, is taken from. The rule is that of
 * the views {@code fathom_bi.site_day} and {@code fathom_bi.site_month}: of the reports that have
 * the day stored the one that has most days of the month, the first of the best where several have
 * as many. A day that none of them has is missing from the first that has stored some before and
 * after it, otherwise from the first that has stored some before it.
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

  /** Which periods are stored of a report, and how many days of each month, or period. */
  private record Stored(
      Report report, NavigableSet<LocalDate> periods, Map<LocalDate, Long> daysOf) {
    long days(LocalDate period) {
      return daysOf.getOrDefault(part(report, period), 0L);
    }

    boolean beganBefore(LocalDate period) {
      return periods.first().isBefore(period);
    }

    boolean goesPast(LocalDate period) {
      return periods.last().isAfter(period);
    }
  }

  /** Returns the report that a period of a site is taken from; null if none had begun by then. */
  @Nullable Report of(String site, LocalDate period) {
    List<Stored> all = stored.computeIfAbsent(site, this::stored);
    Stored most = null;
    for (Stored one : all) {
      if (one.periods().contains(period)
          && (most == null || one.days(period) > most.days(period))) {
        most = one;
      }
    }
    if (most != null) {
      return most.report();
    }
    for (Predicate<Stored> has :
        List.<Predicate<Stored>>of(
            one -> one.beganBefore(period) && one.goesPast(period),
            one -> one.beganBefore(period))) {
      for (Stored one : all) {
        if (has.test(one)) {
          return one.report();
        }
      }
    }
    return null;
  }

  /** Returns the first day of what is decided at once. */
  private static LocalDate part(Report report, LocalDate period) {
    return report.dateGrouping() == DateGrouping.DAY ? period.withDayOfMonth(1) : period;
  }

  private List<Stored> stored(String site) {
    List<Stored> all = new ArrayList<>();
    for (Report report : candidates) {
      NavigableSet<LocalDate> periods = new TreeSet<>();
      Map<LocalDate, Long> daysOf = new HashMap<>();
      coverage
          .periods(report, site)
          .forEach(
              (period, known) -> {
                LocalDate to = known.coversTo();
                if (to != null) {
                  periods.add(period);
                  daysOf.merge(
                      part(report, period), to.toEpochDay() - period.toEpochDay() + 1, Long::sum);
                }
              });
      if (!periods.isEmpty()) {
        all.add(new Stored(report, periods, daysOf));
      }
    }
    return all;
  }
}
