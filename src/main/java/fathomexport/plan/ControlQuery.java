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
 * An ungrouped query whose response is the total that a window's rows must add up to. Equal queries
 * are sent once per run.
 */
public record ControlQuery(Slice slice, QueryShape shape, DayRange days) implements Serializable {
  public ControlQuery {
    if (!shape.fields().isEmpty()) {
      throw new IllegalArgumentException("a control query groups by no field");
    }
  }

  /**
   * Returns the control of a task: its query without the fields, with all aggregates of the reports
   * that share it, so that the response shows a change of any of them.
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
   * Returns the control of a single report: its query without the fields, and with the additive
   * aggregates only.
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
