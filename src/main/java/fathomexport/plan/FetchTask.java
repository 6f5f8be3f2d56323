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
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One query to be paged through, and the reports that it fills: reports that differ only in their
 * aggregates share it.
 *
 * @param shape with the aggregates of all its reports, and those that certificates need in addition
 * @param control the query whose response certifies the rows; if the task groups by no field, its
 *     own response is the control
 * @param held what is stored of its periods: an empty response is verified before it replaces
 *     stored rows, and periods that the control confirms are not fetched
 * @param history what the reports with this control have stored together
 * @param audit a period that is fetched even if the control confirms it; null if there is none
 * @param start the day to begin with: the first, unless those before it are committed
 */
public record FetchTask(
    Site site,
    Slice slice,
    QueryShape shape,
    DayRange days,
    List<Report> reports,
    ControlQuery control,
    Map<LocalDate, HeldPeriod> held,
    History history,
    @Nullable LocalDate audit,
    LocalDate start)
    implements Serializable {

  public FetchTask {
    reports = List.copyOf(reports);
    held = Map.copyOf(held);
    if (reports.isEmpty()) {
      throw new IllegalArgumentException("a task fills at least one report");
    }
    if (!control.days().contains(days)) {
      throw new IllegalArgumentException("control " + control.days() + " does not cover " + days);
    }
    if (!days.contains(start)) {
      throw new IllegalArgumentException(days + " do not contain " + start);
    }
  }

  /** Returns whether the task's own rows are the control totals. */
  public boolean isControl() {
    return shape.fields().isEmpty();
  }

  /**
   * Returns this task for some of its days.
   *
   * @param some whole periods
   * @throws IllegalArgumentException if the task does not contain these days
   */
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
        held.entrySet().stream()
            .filter(e -> some.contains(e.getKey()))
            .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue)),
        history,
        audit,
        some.first());
  }

  /**
   * Returns this task, of which the days before this one are committed: the others are treated as
   * if it began with its first day.
   */
  public FetchTask startingAt(LocalDate day) {
    return new FetchTask(site, slice, shape, days, reports, control, held, history, audit, day);
  }

  /** Creates a task of which nothing is stored. */
  public FetchTask(
      Site site,
      Slice slice,
      QueryShape shape,
      DayRange days,
      List<Report> reports,
      ControlQuery control) {
    this(site, slice, shape, days, reports, control, Map.of(), History.NONE, null, days.first());
  }

  /** Returns this task with other stored periods. */
  public FetchTask holding(Map<LocalDate, HeldPeriod> periods) {
    return new FetchTask(
        site, slice, shape, days, reports, control, periods, history, audit, start);
  }

  /** Returns this task with a period that is fetched even if the control confirms it. */
  FetchTask auditing(LocalDate period) {
    return new FetchTask(site, slice, shape, days, reports, control, held, history, period, start);
  }

  /** Returns the first days of its periods. */
  public List<LocalDate> periods() {
    return window(reports.get(0)).periods().toList();
  }

  /** Returns the last day of one of its periods, at most the last day of the task. */
  public LocalDate endOf(LocalDate period) {
    return shape.dateGrouping().periodEnd(period, days);
  }

  /** Returns the window of one of its reports. */
  public Window window(Report report) {
    return new Window(report.name(), slice, shape.dateGrouping(), days);
  }

  /** Returns the reports, the slice and the days, for display. */
  @Override
  public String toString() {
    return reports.stream().map(Report::name).reduce((a, b) -> a + "+" + b).orElseThrow()
        + " "
        + slice
        + " "
        + days;
  }
}
