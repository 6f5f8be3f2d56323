package fathomexport.fetch.partition;

/** A partition that cannot be split further, since no field is left. */
final class WholeFrame extends UnsortedFrame {
  WholeFrame(SplitCourse course, Part part) {
    super(course, part);
  }

  @Override
  Split.KeptRows tooLarge(SplitAnswer answer) {
    return course.unsplittable(part);
  }
}
