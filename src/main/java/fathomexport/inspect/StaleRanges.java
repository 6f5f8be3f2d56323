package fathomexport.inspect;

import fathomexport.ledger.Stretch;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.StaleRange;
import fathomexport.sinks.Sinks;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Finds stale ranges in the sinks. */
public final class StaleRanges {
  private StaleRanges() {}

  /**
   * The key under which periods are combined into one range: a range contains no period that was
   * never stored, because a backfill would fetch it, and each request is billed. Ranges without
   * date grouping are not combined.
   *
   * @param run the first period of the run of stored periods without a gap that the period is in
   */
  private record StaleGroup(SiteId site, String why, LocalDate run, @Nullable LocalDate last) {
    private static final Comparator<LocalDate> DATES =
        Comparator.nullsFirst(Comparator.naturalOrder());
    static final Comparator<StaleGroup> ORDER =
        Comparator.comparing(StaleGroup::site)
            .thenComparing(StaleGroup::why)
            .thenComparing(StaleGroup::run)
            .thenComparing(StaleGroup::last, DATES);
  }

  /** A period that is stored in at least one sink. */
  private record Period(String event, LocalDate first, LocalDate last) {}

  /**
   * Returns the ranges that are stale in any of the sinks.
   *
   * @param sites the sites to search; empty means all
   * @param zones time zones of the sites as the API listed them last; for other sites the zone of
   *     the newest measurement counts
   * @param retired what no command can fetch again, so that it is not suggested
   */
  public static List<StaleRange> of(
      Collection<Report> reports,
      Collection<SiteId> sites,
      Sinks sinks,
      Map<SiteId, String> zones,
      Retired retired) {
    return of(reports, StoredStretches.of(reports, sites, sinks), zones, retired);
  }

  /** Returns the ranges that are stale in any of the sinks, of what was read from them. */
  static List<StaleRange> of(
      Collection<Report> reports,
      StoredStretches sinks,
      Map<SiteId, String> zones,
      Retired retired) {
    Map<Report, List<Stretch>> stored = new HashMap<>();
    for (Report report : reports) {
      stored.put(
          report,
          sinks.of(report).values().stream()
              .flatMap(List::stream)
              .filter(stretch -> stretch.stored() && !retired.covers(stretch.slice()))
              .toList());
    }
    SiteZones present = new SiteZones(zones);
    stored.values().forEach(stretches -> stretches.forEach(present::saw));
    List<StaleRange> stale = new ArrayList<>();
    for (Report report : reports) {
      stale.addAll(of(report, stored.getOrDefault(report, List.of()), present));
    }
    return stale;
  }

  private static List<StaleRange> of(Report report, List<Stretch> stretches, SiteZones zones) {
    boolean ranges = report.dateGrouping() == DateGrouping.NONE;
    Map<Slice, NavigableMap<LocalDate, LocalDate>> runs =
        ranges ? Map.of() : runs(report, stretches);
    Map<StaleGroup, Set<Period>> periods = new TreeMap<>(StaleGroup.ORDER);
    for (Stretch stretch : stretches) {
      SiteId site = stretch.slice().site();
      String why = why(report, stretch, zones);
      if (!why.isEmpty()) {
        Set<Period> ofKey =
            periods.computeIfAbsent(
                new StaleGroup(
                    site,
                    why,
                    ranges
                        ? stretch.first()
                        : Objects.requireNonNull(
                            Objects.requireNonNull(runs.get(stretch.slice()))
                                .floorKey(stretch.first())),
                    ranges ? stretch.coversTo() : null),
                k -> new HashSet<>());
        for (DayRange period : periods(report, stretch)) {
          ofKey.add(new Period(stretch.slice().eventKey(), period.first(), period.last()));
        }
      }
    }
    List<StaleRange> stale = new ArrayList<>();
    periods.forEach(
        (key, all) ->
            stale.add(
                new StaleRange(
                    report.name(),
                    key.site().value(),
                    all.stream().map(Period::first).min(Comparator.naturalOrder()).orElseThrow(),
                    all.stream().map(Period::last).max(Comparator.naturalOrder()).orElseThrow(),
                    all.size(),
                    key.why())));
    return stale;
  }

  /** Returns the measured days of each period of a stretch. */
  private static List<DayRange> periods(Report report, Stretch stretch) {
    DayRange days = new DayRange(stretch.first(), stretch.coversTo());
    return report.dateGrouping() == DateGrouping.NONE
        ? List.of(days)
        : days.periods(report.dateGrouping())
            .map(
                first -> {
                  LocalDate end = report.dateGrouping().periodEnd(first);
                  return new DayRange(
                      first, end.isAfter(stretch.coversTo()) ? stretch.coversTo() : end);
                })
            .toList();
  }

  /**
   * Returns, by slice, the runs of stored periods without a gap: from the first day of their first
   * period to the last day of their last.
   */
  private static Map<Slice, NavigableMap<LocalDate, LocalDate>> runs(
      Report report, List<Stretch> stretches) {
    Map<Slice, List<DayRange>> days = new HashMap<>();
    for (Stretch stretch : stretches) {
      days.computeIfAbsent(stretch.slice(), s -> new ArrayList<>())
          .add(new DayRange(stretch.first(), report.dateGrouping().periodEnd(stretch.coversTo())));
    }
    Map<Slice, NavigableMap<LocalDate, LocalDate>> runs = new HashMap<>();
    days.forEach(
        (slice, ofSlice) -> {
          NavigableMap<LocalDate, LocalDate> ends = new TreeMap<>();
          DayRange.union(ofSlice).forEach(run -> ends.put(run.first(), run.last()));
          runs.put(slice, ends);
        });
    return runs;
  }

  private static String why(Report report, Stretch stretch, SiteZones zones) {
    if (!stretch.definition().equals(report.definition())) {
      return "the report's definition changed";
    }
    SiteId site = stretch.slice().site();
    return zones.movedFrom(site, stretch.zone())
        ? "the site's zone changed from " + stretch.zone() + " to " + zones.name(site)
        : "";
  }
}
