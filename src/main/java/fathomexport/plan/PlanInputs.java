package fathomexport.plan;

import fathomexport.report.Report;
import fathomexport.report.Site;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What the windows of a run are planned from.
 *
 * @param reports of the pipeline
 * @param holdings what the sinks have stored, by report name
 * @param now decides which days are over in each site's zone
 * @param maxRangeDays widest window in days, for groupings other than hour
 * @param lookback for which reports and sites the look-back may be confirmed
 * @param usual whether to plan a typical night rather than this one
 * @param chosen names of the reports to export; the others of the pipeline only share control
 *     queries
 * @param kept the first day that is kept, by the names of the reports that are not kept for ever
 */
record PlanInputs(
    List<Report> reports,
    Map<String, Holdings> holdings,
    Mode mode,
    Instant now,
    int maxRangeDays,
    Lookback lookback,
    boolean usual,
    Set<String> chosen,
    Map<String, LocalDate> kept) {
  PlanInputs {
    reports = List.copyOf(reports);
    holdings = Map.copyOf(holdings);
    chosen = Set.copyOf(chosen);
    kept = Map.copyOf(kept);
  }

  /** Returns the same inputs for a typical night. */
  PlanInputs ofUsualNight() {
    return new PlanInputs(reports, holdings, mode, now, maxRangeDays, lookback, true, chosen, kept);
  }

  /** Returns the same inputs with these reports to export. */
  PlanInputs only(Set<String> exported) {
    return new PlanInputs(
        reports, holdings, mode, now, maxRangeDays, lookback, usual, exported, kept);
  }

  /** Returns the same inputs with the first days that are kept of reports. */
  PlanInputs keeping(Map<String, LocalDate> firstDays) {
    return new PlanInputs(
        reports, holdings, mode, now, maxRangeDays, lookback, usual, chosen, firstDays);
  }

  /** Returns the first day that is kept of a report. */
  LocalDate firstKept(Report report) {
    return kept.getOrDefault(report.name(), LocalDate.MIN);
  }

  Holdings holdingsOf(Report report) {
    Holdings known = holdings.get(report.name());
    if (known == null) {
      throw new IllegalStateException("no holdings were given for report " + report.name());
    }
    return known;
  }

  /** Returns the last local day that is over. */
  LocalDate lastFinishedDay(Site site) {
    return today(site).minusDays(1);
  }

  LocalDate today(Site site) {
    return now.atZone(site.closingZone()).toLocalDate();
  }

  /** Returns the first day that a run fetches if it is missing. */
  LocalDate reach(LocalDate over) {
    return over.minusDays(maxRangeDays - 1L);
  }

  static LocalDate earlier(LocalDate a, LocalDate b) {
    return a.isBefore(b) ? a : b;
  }
}
