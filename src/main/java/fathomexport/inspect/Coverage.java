package fathomexport.inspect;

import fathomexport.ledger.Attempt;
import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.Stretch;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.ExportJob;
import fathomexport.sink.Sink;
import fathomexport.sinks.Sinks;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;

/** What a job's sinks hold. Where sinks differ, the worst certificate counts. */
final class Coverage {
  /** How many sites are read period by period at a time, which bounds the memory that it takes. */
  private static final int SITES_AT_ONCE = 20;

  /** By report, the periods that every sink holds. */
  private final Map<String, Map<Slice, NavigableMap<String, CoveredPeriods>>> held =
      new HashMap<>();

  /** By report, the periods that some sinks hold and others lack. */
  private final Map<String, Map<Slice, NavigableMap<String, CoveredPeriods>>> partly =
      new HashMap<>();

  private final Map<String, Map<Slice, List<Attempt>>> failed = new HashMap<>();
  private final SiteZones zones;

  private Coverage(SiteZones zones) {
    this.zones = zones;
  }

  /**
   * Reads what the sinks hold.
   *
   * @param zones learn the zones of what is stored
   * @param firstKept the first day that is kept, by the names of reports that are not kept for ever
   */
  static Coverage of(
      ExportJob job,
      Sinks sinks,
      StoredStretches stored,
      SiteZones zones,
      Map<String, LocalDate> firstKept) {
    Coverage coverage = new Coverage(zones);
    for (Report report : job.reports()) {
      coverage.read(
          job,
          sinks,
          report,
          stored.of(report),
          firstKept.getOrDefault(report.name(), LocalDate.MIN));
    }
    return coverage;
  }

  private void read(
      ExportJob job,
      Sinks sinks,
      Report report,
      Map<String, List<Stretch>> stored,
      LocalDate kept) {
    Map<Slice, NavigableMap<String, CoveredPeriods>> cells = new HashMap<>();
    Map<Slice, List<Attempt>> attempts = new HashMap<>();
    Set<SiteId> wanted = new HashSet<>(job.sites().orElse(List.of()));
    Map<Slice, Map<String, List<Stretch>>> bySlice = new HashMap<>();
    stored.forEach(
        (sink, stretches) ->
            stretches.forEach(
                stretch -> {
                  zones.saw(stretch);
                  cells.computeIfAbsent(stretch.slice(), s -> new TreeMap<>());
                  if (stretch.stored()) {
                    bySlice
                        .computeIfAbsent(stretch.slice(), s -> new HashMap<>())
                        .computeIfAbsent(sink, s -> new ArrayList<>())
                        .add(stretch);
                  }
                }));
    Set<Slice> disagreed = new HashSet<>();
    bySlice.forEach(
        (slice, bySink) -> {
          if (agree(bySink, stored.size())) {
            NavigableMap<String, CoveredPeriods> ofSlice =
                cells.computeIfAbsent(slice, s -> new TreeMap<>());
            bySink.values().iterator().next().stream()
                .map(stretch -> CoveredPeriods.of(stretch, stored.keySet()))
                .forEach(cell -> ofSlice.put(cell.key(report), cell));
          } else {
            disagreed.add(slice);
          }
        });
    for (Sink sink : sinks.all()) {
      for (Attempt attempt : sink.ledger().openAttempts(report.name())) {
        if ((wanted.isEmpty() || wanted.contains(attempt.slice().site()))
            && !attempt.period().isBefore(kept)) {
          attempts.computeIfAbsent(attempt.slice(), s -> new ArrayList<>()).add(attempt);
        }
      }
    }
    attempts.keySet().forEach(slice -> cells.computeIfAbsent(slice, s -> new TreeMap<>()));
    Map<Slice, NavigableMap<String, CoveredPeriods>> lacking = new HashMap<>();
    List<SiteId> sites = disagreed.stream().map(Slice::site).distinct().sorted().toList();
    for (int i = 0; i < sites.size(); i += SITES_AT_ONCE) {
      List<SiteId> some = sites.subList(i, Math.min(sites.size(), i + SITES_AT_ONCE));
      byPeriod(sinks, report, some, disagreed)
          .forEach(
              (slice, periods) -> {
                NavigableMap<String, CoveredPeriods> everywhere = new TreeMap<>();
                NavigableMap<String, CoveredPeriods> somewhere = new TreeMap<>();
                periods.forEach(
                    (key, cell) -> {
                      if (cell.sinks().size() == sinks.all().size()) {
                        everywhere.put(key, cell);
                      } else if (!cell.period().isBefore(kept)) {
                        // An older one is removed from the other sinks, too.
                        somewhere.put(key, cell);
                      }
                    });
                cells.put(slice, CoveredPeriods.combined(report, everywhere.values()));
                if (!somewhere.isEmpty()) {
                  lacking.put(slice, CoveredPeriods.combined(report, somewhere.values()));
                }
              });
    }
    attempts.forEach(
        (slice, failedOnes) ->
            cells.computeIfPresent(
                slice, (s, ofSlice) -> CoveredPeriods.apart(report, ofSlice, failedOnes)));
    held.put(report.name(), cells);
    partly.put(report.name(), lacking);
    failed.put(report.name(), attempts);
  }

  /** Returns whether all sinks hold the same of a slice. */
  private static boolean agree(Map<String, List<Stretch>> bySink, int sinks) {
    if (bySink.size() < sinks) {
      return false;
    }
    List<Stretch> first = null;
    for (List<Stretch> stretches : bySink.values()) {
      List<Stretch> sorted = new ArrayList<>(stretches);
      sorted.sort(Comparator.comparing(Stretch::first).thenComparing(Stretch::coversTo));
      if (first == null) {
        first = sorted;
      } else if (first.size() != sorted.size()) {
        return false;
      } else {
        for (int i = 0; i < sorted.size(); i++) {
          if (!first.get(i).sameAs(sorted.get(i))) {
            return false;
          }
        }
      }
    }
    return true;
  }

  /** Reads period by period what the sinks hold of the slices in which they disagree. */
  private static Map<Slice, NavigableMap<String, CoveredPeriods>> byPeriod(
      Sinks sinks, Report report, List<SiteId> sites, Set<Slice> disagreed) {
    Map<Slice, NavigableMap<String, CoveredPeriods>> cells = new HashMap<>();
    for (Sink sink : sinks.all()) {
      for (LedgerEntry entry : sink.ledger().entries(report.name(), sites, LocalDate.EPOCH)) {
        if (entry.stored() && disagreed.contains(entry.slice())) {
          CoveredPeriods period = CoveredPeriods.of(entry, report.dateGrouping(), sink.name());
          cells
              .computeIfAbsent(entry.slice(), s -> new TreeMap<>())
              .merge(period.key(report), period, CoveredPeriods::plus);
        }
      }
    }
    return cells;
  }

  /** Returns the slices of a report of which every sink holds something, or which were tried. */
  Set<Slice> slices(Report report) {
    return held.getOrDefault(report.name(), Map.of()).keySet();
  }

  /** Returns what every sink holds, by report and slice. */
  Map<String, Map<Slice, NavigableMap<String, CoveredPeriods>>> everywhere() {
    return held;
  }

  /** Returns what some sinks hold and others lack, by report and slice. */
  Map<String, Map<Slice, NavigableMap<String, CoveredPeriods>>> somewhere() {
    return partly;
  }

  /** Returns what every sink holds of a slice. */
  NavigableMap<String, CoveredPeriods> everywhere(Report report, Slice slice) {
    return of(held, report, slice);
  }

  /** Returns what some sinks hold of a slice and others lack. */
  NavigableMap<String, CoveredPeriods> somewhere(Report report, Slice slice) {
    return of(partly, report, slice);
  }

  private static NavigableMap<String, CoveredPeriods> of(
      Map<String, Map<Slice, NavigableMap<String, CoveredPeriods>>> all,
      Report report,
      Slice slice) {
    return all.getOrDefault(report.name(), Map.of()).getOrDefault(slice, new TreeMap<>());
  }

  /** Returns the attempts that failed and were not made good since. */
  List<Attempt> attempts(Report report, Slice slice) {
    return failed.getOrDefault(report.name(), Map.of()).getOrDefault(slice, List.of());
  }

  SiteZones zones() {
    return zones;
  }
}
