package fathomexport.plan;

import fathomexport.report.DayRange;
import fathomexport.report.QueryShape;
import fathomexport.report.Slice;
import java.io.Serializable;

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
}
