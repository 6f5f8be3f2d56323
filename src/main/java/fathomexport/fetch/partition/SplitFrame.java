package fathomexport.fetch.partition;

import org.jspecify.annotations.Nullable;

/** A part that is being had: what is asked for next, and what follows from the answer. */
abstract class SplitFrame {
  final SplitCourse course;
  final SplitFields fields;
  final Part part;

  SplitFrame(SplitCourse course, Part part) {
    this.course = course;
    this.fields = course.fields();
    this.part = part;
  }

  /** Looks at a row; whether it is to be taken: it belongs to the part, and is not had yet. */
  final boolean take(@Nullable String[] cells) {
    boolean taken = part.holds(cells) && lacks(cells);
    if (taken) {
      part.taken(cells);
    }
    return taken;
  }

  abstract Split.Ask ask();

  /** The field whose blocks matter; -1 when none does. */
  abstract int sortedBy();

  /** Whether a row of the part is not had yet. */
  abstract boolean lacks(@Nullable String[] cells);

  /**
   * Takes the end of the answer, and makes the next move.
   *
   * @param full whether it reached the limit
   */
  abstract Split.Kept end(SplitAnswer answer, boolean full);
}
