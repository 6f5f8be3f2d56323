package fathomexport.api;

import fathomexport.report.QueryShape;
import java.util.ArrayList;
import java.util.List;

/** Keeps rows, and how often it was told to forget them. */
final class Collected implements RowHandler {
  private final QueryShape shape;
  final List<List<Cell>> rows = new ArrayList<>();
  int restarts;

  /** A cell, copied. */
  record Cell(RawRow.CellKind kind, @org.jspecify.annotations.Nullable String text) {}

  Collected(QueryShape shape) {
    this.shape = shape;
  }

  @Override
  public void restart() {
    restarts++;
    rows.clear();
  }

  @Override
  public void row(RawRow row) {
    List<Cell> cells = new ArrayList<>();
    cells.add(new Cell(row.bucketKind(), row.bucketText()));
    for (int i = 0; i < shape.fields().size(); i++) {
      cells.add(new Cell(row.fieldKind(i), row.fieldText(i)));
    }
    for (int i = 0; i < shape.aggregates().size(); i++) {
      cells.add(new Cell(row.aggregateKind(i), row.aggregateText(i)));
    }
    rows.add(cells);
  }
}
