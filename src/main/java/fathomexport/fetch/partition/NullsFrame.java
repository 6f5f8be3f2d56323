package fathomexport.fetch.partition;

import fathomexport.fetch.partition.Split.Ask;
import fathomexport.fetch.partition.Split.KeptRows;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The rows without a value of a field: the first or the last rows of any order. */
final class NullsFrame extends SplitFrame {
  private final int field;
  private final Part.Watch watch;
  private final boolean ascending;

  NullsFrame(SplitCourse course, Part part, int field, Part.Watch watch, boolean ascending) {
    super(course, part);
    this.field = field;
    this.watch = watch;
    this.ascending = ascending;
  }

  /** Returns whether another response contained rows without a value. */
  boolean seen() {
    return watch.seen();
  }

  /** Returns whether the rows are requested in ascending order. */
  boolean ascending() {
    return ascending;
  }

  @Override
  Ask ask() {
    return fields.question(part, List.of(), field, ascending);
  }

  @Override
  int sortedBy() {
    return field;
  }

  @Override
  boolean lacks(@Nullable String[] cells) {
    return cells[field] == null;
  }

  @Override
  KeptRows end(SplitAnswer answer, boolean full) {
    course.leave();
    if (full && answer.blocks() == 1 && answer.blockIsNull()) {
      if (fields.byExpression(field)) {
        course.fetchFirst(fields.onlyNulls(part, field), answer.sample(), course.limit());
        return KeptRows.NOTHING;
      }
      return course.bereft(part.bereftOf(field));
    }
    boolean cut = answer.scattered() || (full && answer.any() && answer.blockIsNull());
    if (answer.taken() == 0 || cut) {
      watch.forget();
      return KeptRows.NOTHING;
    }
    return KeptRows.ALL;
  }
}
