package fathomexport.sink.postgres.commit;

import fathomexport.report.Column;
import fathomexport.report.ColumnType;
import fathomexport.report.DateGrouping;
import fathomexport.report.Report;
import fathomexport.report.TableSchema;
import fathomexport.report.Window;
import fathomexport.sink.postgres.db.Parameters;
import fathomexport.sink.postgres.db.Sql;
import fathomexport.sink.postgres.schema.ReportTable;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.Collection;
import java.util.List;

/** The SQL expressions for one window's rows in a report's table. */
final class WindowTable {
  private final Window window;
  private final TableSchema schema;

  WindowTable(Window window, Report report) {
    this.window = window;
    this.schema = report.schema();
  }

  /** Returns the qualified and quoted name of the table. */
  String name() {
    return ReportTable.qualified(schema.name());
  }

  /** Returns all columns of a row, separated by commas. */
  String columns() {
    return Sql.names(schema.columns().stream().map(Column::name).toList());
  }

  /** Returns the expression of a row's period. */
  String period() {
    return ReportTable.period(schema);
  }

  /** Returns the whole-number measures, which are those with sums. */
  List<String> counted() {
    return schema.columns(Column.Role.MEASURE).stream()
        .filter(c -> c.type() == ColumnType.BIGINT)
        .map(Column::name)
        .toList();
  }

  /**
   * Returns the condition that restricts a statement to periods of the window; {@link #bind} binds
   * its parameters.
   */
  String where() {
    String time = Sql.name(schema.columns().get(schema.indexOf(Column.Role.TIME)).name());
    return " WHERE site_id = ?"
        + (window.slice().event() == null ? "" : " AND event_name = ?")
        + " AND "
        + time
        + " >= ? AND "
        + time
        + " < ? AND "
        + period()
        + " = ANY (?)"
        + (isRange() ? " AND date_to = ?" : "");
  }

  void bind(Parameters p, Collection<LocalDate> periods) throws SQLException {
    p.text(window.slice().site().value());
    String event = window.slice().event();
    if (event != null) {
      p.text(event);
    }
    p.day(window.days().first()).day(window.days().last().plusDays(1)).days(periods);
    if (isRange()) {
      p.day(window.days().last());
    }
  }

  private boolean isRange() {
    return window.dateGrouping() == DateGrouping.NONE;
  }
}
