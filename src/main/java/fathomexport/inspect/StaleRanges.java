package fathomexport.inspect;

import fathomexport.ledger.LedgerEntry;
import fathomexport.report.DateGrouping;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.StaleRange;
import fathomexport.sink.Sink;
import fathomexport.sinks.Sinks;
import java.time.Instant;
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
  private record Key(SiteId site, String why, LocalDate run, @Nullable LocalDate last) {
    private static final Comparator<LocalDate> DATES =
        Comparator.nullsFirst(Comparator.naturalOrder());
    static final Comparator<Key> ORDER =
        Comparator.comparing(Key::site)
            .thenComparing(Key::why)
            .thenComparing(Key::run)
            .thenComparing(Key::last, DATES);
  }

  /** A period that is stored in at least one sink. */
  private record Period(String event, LocalDate first, LocalDate last) {}

  /**
   * Returns the ranges that are stale in any of the sinks.
   *
   * @param sites the sites to search; empty means all
   * @param zones current time zones of the sites according to the API; for other sites the zone of
   *     the newest measurement counts
   * @param retired what no command can fetch again, so that it is not suggested
   */
  public static List<StaleRange> of(
      Collection<Report> reports,
      Collection<SiteId> sites,
      Sinks sinks,
      Map<SiteId, String> zones,
      Retired retired) {
    Map<Report, List<LedgerEntry>> stored = new HashMap<>();
    for (Report report : reports) {
      List<LedgerEntry> entries = new ArrayList<>();
      for (Sink sink : sinks.all()) {
        sink.ledger().entries(report.name(), sites, LocalDate.EPOCH).stream()
            .filter(entry -> entry.stored() && !retired.covers(entry.slice()))
            .forEach(entries::add);
      }
      stored.put(report, entries);
    }
    Map<SiteId, String> known = newest(stored.values());
    known.putAll(zones);
    List<StaleRange> stale = new ArrayList<>();
    for (Report report : reports) {
      stale.addAll(of(report, stored.getOrDefault(report, List.of()), known));
    }
    return stale;
  }

  private static Map<SiteId, String> newest(Collection<List<LedgerEntry>> stored) {
    Map<SiteId, String> zones = new HashMap<>();
    Map<SiteId, Instant> when = new HashMap<>();
    for (List<LedgerEntry> entries : stored) {
      for (LedgerEntry entry : entries) {
        SiteId site = entry.slice().site();
        String zone = entry.provenance().zone();
        Instant at = entry.provenance().fetchedAt();
        if (zone != null && at.isAfter(when.getOrDefault(site, Instant.MIN))) {
          when.put(site, at);
          zones.put(site, zone);
        }
      }
    }
    return zones;
  }

  private static List<StaleRange> of(
      Report report, List<LedgerEntry> entries, Map<SiteId, String> zones) {
    boolean ranges = report.dateGrouping() == DateGrouping.NONE;
    Map<Slice, NavigableMap<LocalDate, LocalDate>> runs = ranges ? Map.of() : runs(report, entries);
    Map<Key, Set<Period>> periods = new TreeMap<>(Key.ORDER);
    for (LedgerEntry entry : entries) {
      SiteId site = entry.slice().site();
      String why = why(report, entry, zones.get(site));
      if (!why.isEmpty()) {
        LocalDate first = entry.certificate().period();
        LocalDate last = entry.certificate().coversTo();
        periods
            .computeIfAbsent(
                new Key(
                    site,
                    why,
                    ranges
                        ? first
                        : Objects.requireNonNull(runs.get(entry.slice()))
                            .getOrDefault(first, first),
                    ranges ? last : null),
                k -> new HashSet<>())
            .add(new Period(entry.slice().eventKey(), first, last));
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

  /**
   * Returns for each stored period the first period of its run: the stored periods up to it, of the
   * same slice, without a gap.
   */
  private static Map<Slice, NavigableMap<LocalDate, LocalDate>> runs(
      Report report, List<LedgerEntry> entries) {
    Map<Slice, NavigableMap<LocalDate, LocalDate>> runs = new HashMap<>();
    for (LedgerEntry entry : entries) {
      LocalDate period = entry.certificate().period();
      runs.computeIfAbsent(entry.slice(), s -> new TreeMap<>()).put(period, period);
    }
    for (NavigableMap<LocalDate, LocalDate> ofSlice : runs.values()) {
      LocalDate due = null;
      LocalDate first = null;
      for (Map.Entry<LocalDate, LocalDate> e : ofSlice.entrySet()) {
        if (first == null || !e.getKey().equals(due)) {
          first = e.getKey();
        }
        e.setValue(first);
        due = report.dateGrouping().periodEnd(e.getKey()).plusDays(1);
      }
    }
    return runs;
  }

  private static String why(Report report, LedgerEntry entry, @Nullable String zone) {
    if (!entry.provenance().definition().equals(report.definition())) {
      return "the report's definition changed";
    }
    String then = entry.provenance().zone();
    return then == null || zone == null || then.equals(zone)
        ? ""
        : "the site's zone changed from " + then + " to " + zone;
  }
}
