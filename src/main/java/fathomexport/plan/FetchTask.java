package fathomexport.plan;

import fathomexport.report.DayRange;
import fathomexport.report.QueryShape;
import fathomexport.report.Report;
import fathomexport.report.Site;
import fathomexport.report.Slice;
import fathomexport.report.Window;
import java.io.Serializable;
import java.time.LocalDate;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * One question to be paged through, and the reports that its answer fills: those that differ only
 * in aggregates share it.
 *
 * @param shape with the aggregates of all its reports, and what certificates need besides
 * @param control the question whose answer certifies it; when it groups by no field, the task's own
 *     answer is that answer
 * @param heldPeriods periods for which rows are stored: an answer without them is confirmed before
 *     it replaces them
 */
public record FetchTask(
    Site site,
    Slice slice,
    QueryShape shape,
    DayRange days,
    List<Report> reports,
    ControlQuery control,
    Set<LocalDate> heldPeriods)
    implements Serializable {

  public FetchTask {
    reports = List.copyOf(reports);
    heldPeriods = Set.copyOf(heldPeriods);
    if (reports.isEmpty()) {
      throw new IllegalArgumentException("a task fills at least one report");
    }
    if (!control.days().contains(days)) {
      throw new IllegalArgumentException("control " + control.days() + " does not cover " + days);
    }
  }

  /** Whether the task's own rows are the control totals. */
  public boolean isControl() {
    return shape.fields().isEmpty();
  }

  /** The same, of some of its days: whole periods. */
  public FetchTask during(DayRange some) {
    if (!days.contains(some)) {
      throw new IllegalArgumentException(days + " do not contain " + some);
    }
    return new FetchTask(
        site,
        slice,
        shape,
        some,
        reports,
        control,
        heldPeriods.stream().filter(some::contains).collect(Collectors.toSet()));
  }

  /** The window of one of its reports. */
  public Window window(Report report) {
    return new Window(report.name(), slice, shape.dateGrouping(), days);
  }

  /** For people: what is asked, of whom, for when. */
  @Override
  public String toString() {
    return reports.stream().map(Report::name).reduce((a, b) -> a + "+" + b).orElseThrow()
        + " "
        + slice
        + " "
        + days;
  }
}
