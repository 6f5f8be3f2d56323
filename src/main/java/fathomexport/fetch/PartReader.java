package fathomexport.fetch;

import fathomexport.api.RawRow;
import fathomexport.api.RowHandler;
import fathomexport.fetch.partition.Split;
import fathomexport.report.Aggregate;
import fathomexport.report.DayRange;
import fathomexport.report.QueryShape;
import fathomexport.report.rows.RowSpool;
import java.io.IOException;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Takes those rows of an answer that belong to the part that was asked for into a spool. */
final class PartReader implements RowHandler {
  private final Split split;
  private final RowSpool spool;
  private final RowSpool.Mark start;
  private final RowIntake intake;
  private final @Nullable String[] cells;
  private final EnumMap<Aggregate, Long> sums = new EnumMap<>(Aggregate.class);
  private long rows;

  // What there was before the last block.
  private RowSpool.Mark blockStart;
  private EnumMap<Aggregate, Long> sumsBefore = new EnumMap<>(Aggregate.class);

  PartReader(Split split, QueryShape shape, DayRange period, RowSpool spool) {
    this.split = split;
    this.spool = spool;
    this.start = spool.mark();
    this.blockStart = start;
    this.intake = new RowIntake(shape, period, spool);
    this.cells = new @Nullable String[shape.fields().size()];
  }

  @Override
  public void restart() throws IOException {
    spool.rollback(start);
    intake.restart();
    sums.clear();
    rows = 0;
    blockStart = start;
    sumsBefore = new EnumMap<>(Aggregate.class);
    // The same again: what was seen of the answer before is forgotten.
    split.ask();
  }

  @Override
  public void row(RawRow row) throws IOException {
    rows++;
    if (intake.violation() != null) {
      return;
    }
    Labels.Label where = intake.where(row);
    if (where == null || !intake.isNew(row, where, true)) {
      return;
    }
    for (int i = 0; i < cells.length; i++) {
      // As they were sent: filters are made of them.
      cells[i] = row.fieldSent(i);
    }
    boolean belongs = split.row(cells);
    if (split.blockStarts()) {
      blockStart = spool.mark();
      sumsBefore = new EnumMap<>(sums);
    }
    if (belongs) {
      long[] measures = intake.write(row, where);
      for (int i = 0; i < measures.length; i++) {
        sums.merge(intake.additive().get(i), measures[i], Math::addExact);
      }
    }
  }

  /** Adds measures to others. */
  static void add(Map<Aggregate, Long> to, Map<Aggregate, Long> measures) {
    measures.forEach((aggregate, value) -> to.merge(aggregate, value, Math::addExact));
  }

  /** Drops what is not to be kept; the sums of what is. */
  Map<Aggregate, Long> keep(Split.Kept kept) throws IOException {
    return switch (kept) {
      case ALL -> sums;
      case BEFORE_LAST_BLOCK -> {
        spool.rollback(blockStart);
        yield sumsBefore;
      }
      case NOTHING, RESTART -> {
        spool.rollback(start);
        yield Map.of();
      }
    };
  }

  /** Rows that the answer had, whether they belong or not. */
  long rows() {
    return rows;
  }

  @Nullable String violation() {
    return intake.violation();
  }
}
