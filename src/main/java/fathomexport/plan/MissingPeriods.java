package fathomexport.plan;

import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.Site;
import fathomexport.report.Slice;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds what is missing and out of reach of a nightly run, and from when on anything is stored. */
final class MissingPeriods {
  private final PlanInputs inputs;

  MissingPeriods(PlanInputs inputs) {
    this.inputs = inputs;
  }

  /** Returns what is missing and out of reach of a run; null if there is nothing. */
  @Nullable Missing of(List<Subject> subjects) {
    if (!(inputs.mode() instanceof Mode.Nightly nightly) || inputs.usual()) {
      return null;
    }
    List<Missing.Hole> holes = new ArrayList<>();
    for (Subject subject : subjects) {
      Site site = subject.site();
      LocalDate over = inputs.lastFinishedDay(site);
      LocalDate lookback = over.minusDays(nightly.lookbackDays());
      for (Report report : inputs.reports()) {
        DateGrouping grouping = report.dateGrouping();
        if (grouping == DateGrouping.NONE || !inputs.chosen().contains(report.name())) {
          continue;
        }
        LocalDate end =
            grouping.periodStart(PlanInputs.earlier(inputs.reach(over), lookback)).minusDays(1);
        for (Slice slice : subject.slices(report)) {
          LocalDate start = inputs.holdingsOf(report).earliest(slice).orElse(over);
          LocalDate possible = grouping.periodStart(site.firstDay());
          LocalDate known = start.isBefore(possible) ? possible : start;
          LocalDate from =
              known.isBefore(inputs.firstKept(report)) ? inputs.firstKept(report) : known;
          if (from.isAfter(end)) {
            continue;
          }
          for (DayRange hole : inputs.holdingsOf(report).lacking(slice, new DayRange(from, end))) {
            holes.add(
                new Missing.Hole(
                    report.name(),
                    site.id(),
                    hole.first(),
                    hole.last(),
                    hole.periods(grouping).count()));
          }
        }
      }
    }
    return holes.isEmpty()
        ? null
        : new Missing(
            holes.stream().mapToLong(Missing.Hole::periods).sum(),
            holes.stream().map(Missing.Hole::first).min(Comparator.naturalOrder()).orElseThrow(),
            holes.stream().map(Missing.Hole::last).max(Comparator.naturalOrder()).orElseThrow(),
            holes);
  }

  /**
   * Returns the day from which on a sink has stored each report and site, with all events of which
   * anything is stored. It is known where the whole history was read. Reports without date grouping
   * are left out.
   */
  List<Plan.Start> starts(List<Subject> subjects) {
    List<Plan.Start> starts = new ArrayList<>();
    for (Subject subject : subjects) {
      for (Report report : inputs.reports()) {
        if (report.dateGrouping() != DateGrouping.NONE) {
          subject.slices(report).stream()
              .flatMap(slice -> inputs.holdingsOf(report).earliest(slice).stream())
              .max(Comparator.naturalOrder())
              .ifPresent(
                  first -> starts.add(new Plan.Start(report.name(), subject.site().id(), first)));
        }
      }
    }
    return starts;
  }
}
