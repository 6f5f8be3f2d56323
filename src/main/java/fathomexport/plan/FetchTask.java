package fathomexport.plan;

import fathomexport.report.DateGrouping;
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
 * One question to be paged through, and the reports that its answer fills: those that differ only
 * in aggregates share it.
 *
 * @param shape with the aggregates of all its reports, and what certificates need besides
 * @param control the question whose answer certifies it; when it groups by no field, the task's own
 *     answer is that answer
 * @param held what is stored of its periods: silence about rows is asked once more before it
 *     replaces them, and what the control confirms is not fetched
 * @param history what the reports on its control hold together
 * @param audit a period that is fetched even when the control confirms it; null when there is none
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
    @Nullable LocalDate audit)
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
        held.entrySet().stream()
            .filter(e -> some.contains(e.getKey()))
            .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue)),
        history,
        audit);
  }

  /** Of which nothing is stored. */
  public FetchTask(
      Site site,
      Slice slice,
      QueryShape shape,
      DayRange days,
      List<Report> reports,
      ControlQuery control) {
    this(site, slice, shape, days, reports, control, Map.of(), History.NONE, null);
  }

  /** The same, of which this is stored. */
  public FetchTask holding(Map<LocalDate, HeldPeriod> periods) {
    return new FetchTask(site, slice, shape, days, reports, control, periods, history, audit);
  }

  /** The same, fetching this period whether or not the control confirms it. */
  FetchTask auditing(LocalDate period) {
    return new FetchTask(site, slice, shape, days, reports, control, held, history, period);
  }

  /** First days of its periods. */
  public List<LocalDate> periods() {
    return window(reports.get(0)).periods().toList();
  }

  /** The last day of one of its periods, as far as it is asked for. */
  public LocalDate endOf(LocalDate period) {
    LocalDate end =
        shape.dateGrouping() == DateGrouping.NONE
            ? days.last()
            : shape.dateGrouping().periodEnd(period);
    return end.isAfter(days.last()) ? days.last() : end;
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
