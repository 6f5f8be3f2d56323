package fathomexport.fetch.partition;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A partition that is requested without an order: a response below the limit is all of it. */
abstract class UnsortedFrame extends SplitFrame {
  UnsortedFrame(SplitCourse course, Part part) {
    super(course, part);
  }

  @Override
  final Split.Ask ask() {
    return fields.question(part, List.of(), -1, true);
  }

  @Override
  final int sortedBy() {
    return -1;
  }

  @Override
  final boolean lacks(@Nullable String[] cells) {
    return true;
  }

  @Override
  final Split.KeptRows end(SplitAnswer answer, boolean full) {
    course.leave();
    if (full) {
      return tooLarge(answer);
    }
    return answer.taken() == 0 && part.bereft() >= 0 ? course.bereft(part) : Split.KeptRows.ALL;
  }

  /** Makes the next transition if the partition does not fit in a response. */
  abstract Split.KeptRows tooLarge(SplitAnswer answer);
}
