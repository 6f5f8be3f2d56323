package fathomexport.plan;

import fathomexport.report.DateGrouping;
import fathomexport.report.Entity;
import fathomexport.report.Filter;
import fathomexport.report.Report;
import fathomexport.report.Slice;
import java.util.List;

/** The queries that share a control: everything but the fields and the aggregates is equal. */
public record ControlFamily(
    Slice slice, Entity entity, DateGrouping grouping, List<Filter> filters) {

  static ControlFamily of(Report report, Slice slice) {
    return new ControlFamily(slice, report.entity(), report.dateGrouping(), report.filters());
  }

  /** Returns the family that a control query is asked for. */
  public static ControlFamily of(ControlQuery query) {
    return new ControlFamily(
        query.slice(),
        query.shape().entity(),
        query.shape().dateGrouping(),
        query.shape().filters());
  }
}
