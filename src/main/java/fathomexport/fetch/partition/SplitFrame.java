package fathomexport.fetch.partition;

import org.jspecify.annotations.Nullable;

/** A partition that is being fetched: its next request, and what follows from the response. */
abstract class SplitFrame {
  final SplitCourse course;
  final SplitFields fields;
  final Part part;

  SplitFrame(SplitCourse course, Part part) {
    this.course = course;
    this.fields = course.fields();
    this.part = part;
  }

  /** Returns whether a row is taken: it belongs to the partition and has not been fetched yet. */
  final boolean take(@Nullable String[] cells) {
    boolean taken = part.holds(cells) && lacks(cells);
    if (taken) {
      part.taken(cells);
    }
    return taken;
  }

  abstract Split.Ask ask();

  /** Returns the field that responses are sorted by; -1 if the order does not matter. */
  abstract int sortedBy();

  /** Returns whether a row of the partition has not been fetched yet. */
  abstract boolean lacks(@Nullable String[] cells);

  /**
   * Processes the end of the response and makes the next transition.
   *
   * @param full whether the response reached the limit
   */
  abstract Split.KeptRows end(SplitAnswer answer, boolean full);
}
