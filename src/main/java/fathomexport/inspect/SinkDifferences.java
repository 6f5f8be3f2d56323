package fathomexport.inspect;

import fathomexport.report.Slice;
import fathomexport.run.BackfillCommands;
import fathomexport.run.ExportJob;
import fathomexport.run.SinksDiffer;
import fathomexport.sink.Sink;
import fathomexport.sinks.Sinks;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/** In which periods the sinks of a job differ, and the commands that mend it. */
public final class SinkDifferences {
  private final Coverage coverage;
  private final Retired retired;
  private final BackfillCommands.Scope scope;

  SinkDifferences(Coverage coverage, Retired retired, BackfillCommands.Scope scope) {
    this.coverage = coverage;
    this.retired = retired;
    this.scope = scope;
  }

  /**
   * Returns what the sinks hold differently and no run mends; null if there is nothing.
   *
   * @param firstKept the first day that is kept, by the names of reports that are not kept for ever
   */
  public static @Nullable SinksDiffer of(
      ExportJob job, Sinks sinks, Instant now, Map<String, LocalDate> firstKept) {
    if (sinks.all().size() < 2) {
      return null;
    }
    Retired retired = Retired.of(job.name(), sinks);
    StoredStretches stored =
        StoredStretches.of(job.reports(), job.sites().orElse(List.of()), sinks);
    Coverage coverage = Coverage.of(job, sinks, stored, new SiteZones(Map.of()), firstKept);
    SinkDifferences differences =
        new SinkDifferences(coverage, retired, StoredScope.of(job, coverage, retired));
    StatusOverview.Extent rows = differences.differing();
    long samples =
        SampleComparison.of(job, sinks, now).stream()
            .mapToLong(StatusOverview.SampleLag::samples)
            .sum();
    return rows == null && samples == 0
        ? null
        : new SinksDiffer(
            rows == null ? 0 : rows.periods(), differences.differingCommands(), samples);
  }

  /**
   * Returns what some sinks lack and others have, in the order of the sinks: per sink that lacks
   * something one item for what can be fetched, and one for what is retired.
   */
  List<StatusOverview.SinkLag> lagging(Sinks sinks) {
    List<StatusOverview.SinkLag> lagging = new ArrayList<>();
    for (Sink sink : sinks.all()) {
      for (boolean over : List.of(false, true)) {
        Set<String> others = new TreeSet<>();
        Found lacks =
            found(
                coverage.somewhere(),
                (slice, cell) ->
                    retired.covers(slice) == over && !cell.sinks().contains(sink.name()));
        lacks.cells().forEach(cell -> others.addAll(cell.sinks()));
        if (!lacks.cells().isEmpty()) {
          lagging.add(
              new StatusOverview.SinkLag(
                  sink.name(),
                  String.join(" and ", others),
                  lacks.extent(),
                  over,
                  over ? List.of() : commands(lacks)));
        }
      }
    }
    return lagging;
  }

  /** Returns the periods of which the sinks hold different rows; null if there are none. */
  StatusOverview.@Nullable Extent differing() {
    Found differing = rowsDiffer();
    return differing.cells().isEmpty() ? null : differing.extent();
  }

  /** Returns the commands that fetch such periods again. */
  List<BackfillCommands.Command> differingCommands() {
    return commands(rowsDiffer());
  }

  private Found rowsDiffer() {
    return found(coverage.everywhere(), (slice, cell) -> cell.differs() && !retired.covers(slice));
  }

  private List<BackfillCommands.Command> commands(Found found) {
    return BackfillCommands.of(found.wants(), scope, BackfillCommands.MOST);
  }

  /** Periods of some kind, and the ranges that they span by report and site. */
  private record Found(List<CoveredPeriods> cells, List<BackfillCommands.Want> wants) {
    StatusOverview.Extent extent() {
      return StatusOverview.Extent.of(wants);
    }
  }

  private static Found found(
      Map<String, Map<Slice, NavigableMap<String, CoveredPeriods>>> cells,
      BiPredicate<Slice, CoveredPeriods> which) {
    List<CoveredPeriods> found = new ArrayList<>();
    List<BackfillCommands.Want> wants = new ArrayList<>();
    cells.forEach(
        (report, ofReport) ->
            ofReport.forEach(
                (slice, ofSlice) -> {
                  for (CoveredPeriods cell : ofSlice.values()) {
                    if (which.test(slice, cell)) {
                      found.add(cell);
                      wants.add(
                          new BackfillCommands.Want(
                              new BackfillCommands.ReportOfSite(report, slice.site().value()),
                              cell.period(),
                              cell.coversTo(),
                              cell.periods()));
                    }
                  }
                }));
    return new Found(found, wants);
  }
}
