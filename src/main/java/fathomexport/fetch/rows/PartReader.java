package fathomexport.fetch.rows;

import fathomexport.api.answer.RawRow;
import fathomexport.api.answer.RowHandler;
import fathomexport.fetch.partition.Split;
import fathomexport.report.Aggregate;
import fathomexport.report.DayRange;
import fathomexport.report.QueryShape;
import fathomexport.report.rows.RowSpool;
import java.io.IOException;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes the rows of a response that belong to the requested partition into a spool. */
public final class PartReader implements RowHandler {
  private final Split split;
  private final RowSpool spool;
  private final RowSpool.Mark start;
  private final RowIntake intake;
  private final @Nullable String[] cells;
  private final EnumMap<Aggregate, Long> sums = new EnumMap<>(Aggregate.class);
  private long rows;

  // The state before the last block.
  private RowSpool.Mark blockStart;
  private EnumMap<Aggregate, Long> sumsBefore = new EnumMap<>(Aggregate.class);

  public PartReader(Split split, QueryShape shape, DayRange period, RowSpool spool) {
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
    // The request is repeated: discard what was read of the earlier response.
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
      // The texts as the API sent them, since filters are built from them.
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

  /** Adds measures to sums. */
  public static void add(Map<Aggregate, Long> to, Map<Aggregate, Long> measures) {
    measures.forEach((aggregate, value) -> to.merge(aggregate, value, Math::addExact));
  }

  /** Removes the rows that are not to be kept and returns the sums of the kept ones. */
  public Map<Aggregate, Long> keep(Split.KeptRows kept) throws IOException {
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

  /** Returns the number of rows of the response, whether they belong to the partition or not. */
  public long rows() {
    return rows;
  }

  public @Nullable String violation() {
    return intake.violation();
  }
}
