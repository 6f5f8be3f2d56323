package fathomexport.fetch.partition;

/** A part that no field is left to walk by. */
final class WholeFrame extends UnsortedFrame {
  WholeFrame(SplitCourse course, Part part) {
    super(course, part);
  }

  @Override
  Split.Kept tooLarge(SplitAnswer answer) {
    return course.unsplittable(part);
  }
}
