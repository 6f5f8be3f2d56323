package fathomexport.report;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * The columns of a report, in contract order: {@code site_id}, for events {@code event_name}, then
 * {@code date} or {@code hour} (without date grouping {@code date_from}, {@code date_to}), the
 * grouping fields, the aggregates. Encoded rows have exactly these cells.
 */
public record TableSchema(String name, DateGrouping dateGrouping, List<Column> columns)
    implements Serializable {

  public TableSchema {
    columns = List.copyOf(columns);
  }

  static TableSchema of(Report report) {
    List<Column> columns = new ArrayList<>();
    columns.add(new Column("site_id", ColumnType.TEXT, false, Column.Role.SITE));
    if (report.entity() == Entity.EVENT) {
      columns.add(new Column("event_name", ColumnType.TEXT, false, Column.Role.EVENT));
    }
    switch (report.dateGrouping()) {
      case HOUR -> columns.add(new Column("hour", ColumnType.TIMESTAMP, false, Column.Role.TIME));
      case DAY, MONTH, YEAR ->
          columns.add(new Column("date", ColumnType.DATE, false, Column.Role.TIME));
      case NONE -> {
        columns.add(new Column("date_from", ColumnType.DATE, false, Column.Role.TIME));
        columns.add(new Column("date_to", ColumnType.DATE, false, Column.Role.TIME));
      }
    }
    for (Field f : report.fields()) {
      columns.add(new Column(f.apiName(), ColumnType.TEXT, true, Column.Role.FIELD));
    }
    for (Aggregate a : report.aggregates()) {
      columns.add(new Column(a.apiName(), a.type(), a.nullable(), Column.Role.MEASURE));
    }
    return new TableSchema(report.name(), report.dateGrouping(), columns);
  }

  /** Returns the index of the first column with this role, or -1. */
  public int indexOf(Column.Role role) {
    for (int i = 0; i < columns.size(); i++) {
      if (columns.get(i).role() == role) {
        return i;
      }
    }
    return -1;
  }

  /** Returns the index of the column with this name, or -1. */
  public int indexOf(String column) {
    for (int i = 0; i < columns.size(); i++) {
      if (columns.get(i).name().equals(column)) {
        return i;
      }
    }
    return -1;
  }

  public List<Column> keyColumns() {
    return columns.stream().filter(Column::isKey).toList();
  }

  public List<Column> columns(Column.Role role) {
    return columns.stream().filter(c -> c.role() == role).toList();
  }
}
