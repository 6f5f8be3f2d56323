package fathomexport.api.answer;

import fathomexport.report.QueryShape;
import java.util.ArrayList;
import java.util.List;

/** Keeps rows, and how often it was told to forget them. */
public final class Collected implements RowHandler {
  private final QueryShape shape;
  public final List<List<Cell>> rows = new ArrayList<>();
  public int restarts;

  /** A cell, copied. */
  public record Cell(RawRow.JsonKind kind, @org.jspecify.annotations.Nullable String text) {}

  public Collected(QueryShape shape) {
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
