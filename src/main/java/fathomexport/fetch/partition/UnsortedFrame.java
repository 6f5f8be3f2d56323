package fathomexport.fetch.partition;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A part that is asked for in no particular order: an answer below the limit is all of it. */
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
  final Split.Kept end(SplitAnswer answer, boolean full) {
    course.leave();
    if (full) {
      return tooLarge(answer);
    }
    return answer.taken() == 0 && part.bereft() >= 0 ? course.bereft(part) : Split.Kept.ALL;
  }

  /** Makes the next move when the part does not fit in an answer. */
  abstract Split.Kept tooLarge(SplitAnswer answer);
}
