package fathomexport.inspect;

import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.Slice;
import fathomexport.run.BackfillCommands;
import fathomexport.run.ExportJob;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a suggested backfill may cover: it is to fetch no day that was never stored. */
final class StoredScope {
  private StoredScope() {}

  /** Returns what a backfill of the job's pipeline would cover, as far as something is stored. */
  static BackfillCommands.Scope of(ExportJob job, Coverage coverage, Retired retired) {
    Set<String> sites = new HashSet<>();
    Map<BackfillCommands.ReportOfSite, LocalDate> stored = new HashMap<>();
    Map<BackfillCommands.ReportOfSite, List<DayRange>> gaps = new HashMap<>();
    for (Report report : job.reports()) {
      Set<Slice> slices = new HashSet<>(coverage.slices(report));
      slices.addAll(coverage.somewhere().getOrDefault(report.name(), Map.of()).keySet());
      for (Slice slice : slices) {
        if (retired.covers(slice)) {
          continue;
        }
        sites.add(slice.site().value());
        List<DayRange> days =
            DayRange.union(
                Stream.of(coverage.everywhere(report, slice), coverage.somewhere(report, slice))
                    .flatMap(cells -> cells.values().stream())
                    .map(
                        cell ->
                            new DayRange(
                                cell.period(), report.dateGrouping().periodEnd(cell.coversTo())))
                    .toList());
        if (days.isEmpty() || report.dateGrouping() == DateGrouping.NONE) {
          continue;
        }
        BackfillCommands.ReportOfSite part =
            new BackfillCommands.ReportOfSite(report.name(), slice.site().value());
        // From then on, all events are stored.
        stored.merge(part, days.get(0).first(), (a, b) -> a.isAfter(b) ? a : b);
        for (int i = 1; i < days.size(); i++) {
          gaps.computeIfAbsent(part, p -> new ArrayList<>())
              .add(
                  new DayRange(
                      days.get(i - 1).last().plusDays(1), days.get(i).first().minusDays(1)));
        }
      }
    }
    gaps.replaceAll((part, ofPart) -> DayRange.union(ofPart));
    job.sites().ifPresent(named -> named.forEach(site -> sites.add(site.value())));
    return new BackfillCommands.Scope(
        job.selection().sites().isEmpty() ? sites : Set.of(),
        job.selection().reports().isEmpty()
            ? job.pipelineReports().stream().map(Report::name).collect(Collectors.toSet())
            : Set.of(),
        stored,
        gaps);
  }
}
