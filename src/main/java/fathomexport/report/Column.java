package fathomexport.report;

import java.io.Serializable;

/** A column of a report's table. */
public record Column(String name, ColumnType type, boolean nullable, Role role)
    implements Serializable {

  /** The role of a column. All columns except {@link #MEASURE} together are the table's grain. */
  public enum Role {
    SITE,
    EVENT,
    /** {@code date} or {@code hour}; or {@code date_from} and {@code date_to}. */
    TIME,
    FIELD,
    MEASURE
  }

  public boolean isKey() {
    return role != Role.MEASURE;
  }
}
