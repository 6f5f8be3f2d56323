package fathomexport.inspect;

import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.BackfillCommands;
import fathomexport.run.ExportJob;
import fathomexport.run.MissingRange;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Finds the missing periods that lie further back than a run fills holes. */
final class BeyondReach {
  private BeyondReach() {}

  /**
   * Returns what is missing in every sink and stays missing, with the commands that fetch it; null
   * if there is nothing. What only some sinks lack is reported with the sink that lags.
   *
   * @param lines the coverage
   * @param scope what a suggested backfill may cover
   */
  static @Nullable MissingRange of(
      ExportJob job,
      int maxRangeDays,
      Instant now,
      Coverage coverage,
      List<StatusOverview.Line> lines,
      BackfillCommands.Scope scope) {
    Map<String, Report> reports =
        job.reports().stream().collect(Collectors.toMap(Report::name, r -> r));
    int reach = Math.max(maxRangeDays - 1, job.lookbackDays());
    List<BackfillCommands.Want> wants = new ArrayList<>();
    for (StatusOverview.Line line : lines) {
      Optional<Report> report = Optional.ofNullable(reports.get(line.report()));
      if (report.isEmpty() || report.get().dateGrouping() == DateGrouping.NONE) {
        continue;
      }
      DateGrouping grouping = report.get().dateGrouping();
      Slice slice = new Slice(new SiteId(line.site()), line.event());
      LocalDate yesterday =
          now.atZone(coverage.zones().of(slice.site())).toLocalDate().minusDays(1);
      LocalDate reached = grouping.periodStart(yesterday.minusDays(reach));
      List<DayRange> somewhere =
          coverage.somewhere(report.get(), slice).values().stream()
              .map(c -> new DayRange(c.period(), grouping.periodEnd(c.coversTo())))
              .toList();
      for (StatusOverview.Gap gap : line.gaps()) {
        new DayRange(gap.first(), gap.last())
            .periods(grouping)
            .filter(p -> p.isBefore(reached))
            .filter(p -> somewhere.stream().noneMatch(s -> s.contains(new DayRange(p, p))))
            .map(
                p ->
                    new BackfillCommands.Want(
                        new BackfillCommands.ReportOfSite(line.report(), line.site()),
                        p,
                        grouping.periodEnd(p),
                        1))
            .forEach(wants::add);
      }
    }
    if (wants.isEmpty()) {
      return null;
    }
    // The holes are wanted, so no command has to avoid them.
    List<BackfillCommands.Command> commands =
        BackfillCommands.of(
            wants,
            new BackfillCommands.Scope(scope.sites(), scope.reports(), scope.stored()),
            BackfillCommands.MOST);
    DayRange span = BackfillCommands.Want.span(wants);
    return new MissingRange(
        wants.size(),
        span.first(),
        span.last(),
        commands.stream().anyMatch(BackfillCommands.Command::alsoNeverStored),
        commands);
  }
}
