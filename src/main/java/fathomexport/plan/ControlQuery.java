package fathomexport.plan;

import fathomexport.report.Aggregate;
import fathomexport.report.DayRange;
import fathomexport.report.QueryShape;
import fathomexport.report.Report;
import fathomexport.report.Slice;
import java.io.Serializable;
import java.util.Collection;
import java.util.List;

/**
 * The ungrouped question whose answer is the total that a window's rows must add up to. Equal
 * queries are asked once a run.
 */
public record ControlQuery(Slice slice, QueryShape shape, DayRange days) implements Serializable {
  public ControlQuery {
    if (!shape.fields().isEmpty()) {
      throw new IllegalArgumentException("a control query groups by no field");
    }
  }

  /**
   * The control of a task: its question without the fields, with all aggregates of the reports that
   * share it, so that a change of any of them shows in the answer.
   */
  static ControlQuery of(
      Report report, Slice slice, DayRange days, Collection<Aggregate> aggregates) {
    return new ControlQuery(
        slice,
        new QueryShape(
            report.entity(),
            List.copyOf(aggregates),
            report.dateGrouping(),
            List.of(),
            report.filters()),
        days);
  }

  /**
   * The control of a report alone: its question without the fields, and of measures only those that
   * add up.
   */
  public static ControlQuery of(Report report, Slice slice, DayRange days) {
    return new ControlQuery(
        slice,
        new QueryShape(
            report.entity(),
            Aggregate.additiveOf(report.entity()),
            report.dateGrouping(),
            List.of(),
            report.filters()),
        days);
  }
}
