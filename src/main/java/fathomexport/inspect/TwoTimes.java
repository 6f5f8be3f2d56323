package fathomexport.inspect;

import fathomexport.ledger.PeriodSum;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Program;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.ExportJob;
import fathomexport.sinks.Sinks;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Finds the months and years whose own number and whose days were fetched at two times between
 * which the numbers changed. Pageviews add up: where those of the days are not those of the whole,
 * one side is older than a change. The views do not show the numbers of both beside each other.
 */
final class TwoTimes {
  /** The most sites that a command names; beyond that it covers all sites. */
  private static final int NAMED = 40;

  private final ExportJob job;
  private final Map<Report, String> pipelines;
  private final Sinks sinks;
  private final Retired retired;

  private TwoTimes(ExportJob job, Map<Report, String> pipelines, Sinks sinks, Retired retired) {
    this.job = job;
    this.pipelines = pipelines;
    this.sinks = sinks;
    this.retired = retired;
  }

  /**
   * Returns them for the reports of a job.
   *
   * @param elsewhere the reports of the other pipelines, by pipeline: the days may be of one
   *     pipeline and the months of another
   */
  static List<StatusOverview.Outdated> of(
      ExportJob job, Map<String, List<Report>> elsewhere, Sinks sinks, Retired retired) {
    Map<Report, String> pipelines = new LinkedHashMap<>();
    job.pipelineReports().forEach(report -> pipelines.putIfAbsent(report, job.name()));
    elsewhere.forEach(
        (pipeline, reports) -> reports.forEach(report -> pipelines.putIfAbsent(report, pipeline)));
    return new TwoTimes(job, pipelines, sinks, retired).all();
  }

  /** Whose number of a month or year is older. */
  private record Older(Report report, Report against, LocalDate first, LocalDate last) {}

  private List<StatusOverview.Outdated> all() {
    Map<Older, Set<String>> sites =
        new TreeMap<>(
            Comparator.comparing(Older::first)
                .thenComparing(Older::last)
                .thenComparing(older -> older.report().name())
                .thenComparing(older -> older.against().name()));
    for (DateGrouping unit : List.of(DateGrouping.MONTH, DateGrouping.YEAR)) {
      for (Report whole : wholeSites(unit)) {
        for (Report days : wholeSites(DateGrouping.DAY)) {
          if (job.reports().contains(whole) || job.reports().contains(days)) {
            compare(whole, days, sites);
          }
        }
      }
    }
    List<StatusOverview.Outdated> outdated = new ArrayList<>();
    sites.forEach((older, of) -> outdated.add(outdated(older, of)));
    return outdated;
  }

  private List<Report> wholeSites(DateGrouping grouping) {
    return pipelines.keySet().stream()
        .filter(report -> report.ofWholeSites() && report.dateGrouping() == grouping)
        .toList();
  }

  private void compare(Report whole, Report days, Map<Older, Set<String>> found) {
    DateGrouping unit = whole.dateGrouping();
    Map<Slice, Map<LocalDate, PeriodSum>> own = sums(whole, unit);
    if (own.isEmpty()) {
      return;
    }
    sums(days, unit)
        .forEach(
            (slice, ofSlice) ->
                ofSlice.forEach(
                    (first, summed) -> {
                      PeriodSum sum = own.getOrDefault(slice, Map.of()).get(first);
                      if (sum != null
                          && sum.pageviews() != summed.pageviews()
                          && Objects.equals(sum.zone(), summed.zone())
                          && !retired.covers(slice)) {
                        boolean olderWhole = sum.knownAt().isBefore(summed.knownAt());
                        found
                            .computeIfAbsent(
                                new Older(
                                    olderWhole ? whole : days,
                                    olderWhole ? days : whole,
                                    first,
                                    unit.periodEnd(first)),
                                o -> new TreeSet<>())
                            .add(slice.site().value());
                      }
                    }));
  }

  /** Returns the sums of whole months or years, under the present definition. */
  private Map<Slice, Map<LocalDate, PeriodSum>> sums(Report report, DateGrouping unit) {
    Collection<SiteId> sites = new HashSet<>(job.sites().orElse(List.of()));
    Map<Slice, Map<LocalDate, PeriodSum>> sums = new HashMap<>();
    for (PeriodSum sum : sinks.ledger().sums(report.name(), report.dateGrouping(), unit, sites)) {
      DayRange days = new DayRange(sum.first(), unit.periodEnd(sum.first()));
      if (sum.days() == days.days() && sum.definition().equals(report.definition())) {
        sums.computeIfAbsent(sum.slice(), s -> new HashMap<>()).put(sum.first(), sum);
      }
    }
    return sums;
  }

  private StatusOverview.Outdated outdated(Older older, Set<String> sites) {
    String pipeline = Objects.requireNonNull(pipelines.get(older.report()));
    return new StatusOverview.Outdated(
        older.report().name(),
        older.against().name(),
        List.copyOf(sites),
        older.first(),
        older.last(),
        Program.command("backfill " + pipeline)
            + (sites.size() > NAMED
                ? ""
                : sites.stream().map(site -> " --site " + site).collect(Collectors.joining()))
            + " --report "
            + older.report().name()
            + " --from "
            + older.first()
            + " --to "
            + older.last()
            + " --force");
  }
}
