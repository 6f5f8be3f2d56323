package fathomexport.inspect;

import fathomexport.ledger.PeriodSum;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Entity;
import fathomexport.report.Program;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.ExportJob;
import fathomexport.sinks.Sinks;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
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
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Finds what was fetched at two times between which the numbers changed: months and years and their
 * days, and days of two reports. Pageviews add up: where those of the days are not those of the
 * whole, or those of the groups not those of the site, one side is older than a change. The views
 * do not show the own number of a month beside days of another time.
 */
final class TwoTimes {
  /** The most sites that a command names; beyond that it covers all sites. */
  private static final int NAMED = 40;

  /** Days of two reports are compared from the first of the month that this many months ago was. */
  private static final int MONTHS_OF_DAYS = 12;

  private final ExportJob job;
  private final Map<Report, String> pipelines;
  private final Sinks sinks;
  private final Retired retired;
  private final LocalDate daysSince;

  private TwoTimes(
      ExportJob job,
      Map<Report, String> pipelines,
      Sinks sinks,
      Retired retired,
      LocalDate daysSince) {
    this.job = job;
    this.pipelines = pipelines;
    this.sinks = sinks;
    this.retired = retired;
    this.daysSince = daysSince;
  }

  /**
   * Returns them for the reports of a job.
   *
   * @param elsewhere the reports of the other pipelines, by pipeline: the days may be of one
   *     pipeline and the months of another
   * @param now the time for which they are asked: days of two reports are compared as far back as a
   *     year before, since what is older is rarely fetched again, and each month takes time
   */
  static List<StatusOverview.Outdated> of(
      ExportJob job,
      Map<String, List<Report>> elsewhere,
      Sinks sinks,
      Retired retired,
      Instant now) {
    Map<Report, String> pipelines = new LinkedHashMap<>();
    job.pipelineReports().forEach(report -> pipelines.putIfAbsent(report, job.name()));
    elsewhere.forEach(
        (pipeline, reports) -> reports.forEach(report -> pipelines.putIfAbsent(report, pipeline)));
    LocalDate since =
        LocalDate.ofInstant(now, ZoneOffset.UTC).withDayOfMonth(1).minusMonths(MONTHS_OF_DAYS);
    return new TwoTimes(job, pipelines, sinks, retired, since).all();
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
    sites.forEach((older, of) -> outdated.add(outdated(older, of, false)));
    outdated.addAll(ofDays());
    return outdated;
  }

  // --- Days of two reports

  private List<StatusOverview.Outdated> ofDays() {
    Map<Pair, SortedMap<LocalDate, Differing>> found =
        new TreeMap<>(
            Comparator.comparing((Pair pair) -> pair.report().name())
                .thenComparing(pair -> pair.against().name()));
    List<Report> wholes = wholeSites(DateGrouping.DAY);
    Map<Report, Map<Slice, Map<LocalDate, PeriodSum>>> sums = new HashMap<>();
    for (Report whole : wholes) {
      for (Report parts : pipelines.keySet()) {
        boolean twice = wholes.contains(parts) && wholes.indexOf(parts) <= wholes.indexOf(whole);
        if (countsTheSame(parts)
            && !twice
            && (job.reports().contains(whole) || job.reports().contains(parts))) {
          compareDays(
              whole,
              sums.computeIfAbsent(whole, this::sumsOfDays),
              parts,
              sums.computeIfAbsent(parts, this::sumsOfDays),
              found);
        }
      }
    }
    List<StatusOverview.Outdated> outdated = new ArrayList<>();
    found.forEach(
        (pair, months) -> {
          Differing open = null;
          for (Differing month : months.values()) {
            if (open != null && !open.continuedBy(month)) {
              outdated.add(outdated(pair, open));
              open = null;
            }
            open = open == null ? month : open.with(month);
          }
          if (open != null) {
            outdated.add(outdated(pair, open));
          }
        });
    return outdated;
  }

  /** Two reports by day, of which the first has the older numbers. */
  private record Pair(Report report, Report against) {}

  /** The stored days of a month, or of neighbouring months, some of which differ. */
  private record Differing(LocalDate from, LocalDate to, Set<String> sites) {
    boolean continuedBy(Differing next) {
      return to.plusDays(1).equals(next.from()) && sites.equals(next.sites());
    }

    Differing with(Differing other) {
      Set<String> both = new TreeSet<>(sites);
      both.addAll(other.sites());
      return new Differing(
          other.from().isBefore(from) ? other.from() : from,
          other.to().isAfter(to) ? other.to() : to,
          both);
    }
  }

  /** Returns whether the groups of a report have all pageviews of a site and day. */
  private static boolean countsTheSame(Report report) {
    return report.entity() == Entity.PAGEVIEW
        && report.filters().isEmpty()
        && (report.dateGrouping() == DateGrouping.DAY
            || report.dateGrouping() == DateGrouping.HOUR);
  }

  private void compareDays(
      Report whole,
      Map<Slice, Map<LocalDate, PeriodSum>> ofWhole,
      Report parts,
      Map<Slice, Map<LocalDate, PeriodSum>> ofParts,
      Map<Pair, SortedMap<LocalDate, Differing>> found) {
    ofWhole.forEach(
        (slice, months) ->
            months.forEach(
                (month, sum) -> {
                  PeriodSum other = ofParts.getOrDefault(slice, Map.of()).get(month);
                  if (other != null
                      && other.pageviews() != sum.pageviews()
                      && other.from().equals(sum.from())
                      && other.to().equals(sum.to())
                      && Objects.equals(other.zone(), sum.zone())
                      && !retired.covers(slice)) {
                    boolean olderWhole = sum.knownAt().isBefore(other.knownAt());
                    found
                        .computeIfAbsent(
                            new Pair(olderWhole ? whole : parts, olderWhole ? parts : whole),
                            p -> new TreeMap<>())
                        .merge(
                            month,
                            new Differing(sum.from(), sum.to(), Set.of(slice.site().value())),
                            Differing::with);
                  }
                }));
  }

  /** Returns the sums of days without a gap by month, under the present definition. */
  private Map<Slice, Map<LocalDate, PeriodSum>> sumsOfDays(Report report) {
    return covering(
        report, DateGrouping.MONTH, daysSince, sum -> new DayRange(sum.from(), sum.to()));
  }

  private StatusOverview.Outdated outdated(Pair pair, Differing days) {
    return outdated(
        new Older(pair.report(), pair.against(), days.from(), days.to()), days.sites(), true);
  }

  // --- Months and years

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
    return covering(
        report,
        unit,
        LocalDate.EPOCH,
        sum -> new DayRange(sum.first(), unit.periodEnd(sum.first())));
  }

  /**
   * Returns the sums under the present definition that cover all of certain days, by the first day
   * of their month or year. One whose days are of two zones has two sums, of which neither is its
   * own: it is left out, and {@code status} names what is to be fetched again in the present zone.
   */
  private Map<Slice, Map<LocalDate, PeriodSum>> covering(
      Report report, DateGrouping unit, LocalDate since, Function<PeriodSum, DayRange> days) {
    Collection<SiteId> sites = new HashSet<>(job.sites().orElse(List.of()));
    Map<Slice, Map<LocalDate, List<PeriodSum>>> all =
        sinks.ledger().sums(report.name(), report.dateGrouping(), unit, sites, since).stream()
            .filter(sum -> sum.definition().equals(report.definition()))
            .collect(
                Collectors.groupingBy(PeriodSum::slice, Collectors.groupingBy(PeriodSum::first)));
    Map<Slice, Map<LocalDate, PeriodSum>> covering = new HashMap<>();
    all.forEach(
        (slice, ofSlice) ->
            ofSlice.forEach(
                (first, sums) -> {
                  PeriodSum sum = sums.get(0);
                  if (sums.size() == 1 && sum.days() == days.apply(sum).days()) {
                    covering.computeIfAbsent(slice, s -> new HashMap<>()).put(first, sum);
                  }
                }));
    return covering;
  }

  private StatusOverview.Outdated outdated(Older older, Set<String> sites, boolean ofDays) {
    String pipeline = Objects.requireNonNull(pipelines.get(older.report()));
    // Fetched by one run, all have the numbers of one time; two alone might then differ from
    // others.
    boolean all = ofDays && pipeline.equals(pipelines.get(older.against()));
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
            + pipelines.keySet().stream()
                .filter(
                    report ->
                        all
                            ? countsTheSame(report) && pipeline.equals(pipelines.get(report))
                            : report.equals(older.report()))
                .map(report -> " --report " + report.name())
                .collect(Collectors.joining())
            + " --from "
            + older.first()
            + " --to "
            + older.last()
            + " --force",
        ofDays);
  }
}
