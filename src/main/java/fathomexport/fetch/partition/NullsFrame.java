package fathomexport.fetch.partition;

import fathomexport.fetch.partition.Split.Ask;
import fathomexport.fetch.partition.Split.Kept;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The rows without a value: first or last of all, whatever the order. */
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

  /** Whether rows without a value have turned up otherwise. */
  boolean seen() {
    return watch.seen();
  }

  /** From which end of the order they are asked for. */
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
  Kept end(SplitAnswer answer, boolean full) {
    course.leave();
    if (full && answer.blocks() == 1 && answer.blockIsNull()) {
      if (fields.byExpression(field)) {
        course.walk(fields.onlyNulls(part, field), answer.sample(), course.limit());
        return Kept.NOTHING;
      }
      return course.bereft(part.bereftOf(field));
    }
    boolean cut = answer.scattered() || (full && answer.any() && answer.blockIsNull());
    if (answer.taken() == 0 || cut) {
      watch.forget();
      return Kept.NOTHING;
    }
    return Kept.ALL;
  }
}
