package fathomexport.fetch.limits;

import fathomexport.ledger.Learned;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.QueryShape;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How wide a range the API accepts, by query shape: read from the ledger, and learned during the
 * run from the requests that pass or are refused. What earlier runs have learned holds for all
 * accounts. Thread-safe.
 */
public final class LearnedRanges {
  private static final Logger LOG = LoggerFactory.getLogger(Knowledge.class);

  private final LessonWriter lessons;

  /** Widest range in days that this run or an earlier one learned, by query shape. */
  private final Map<String, Integer> maxDays;

  /** Shapes of which a range was refused without a stated cause, and a single period passed. */
  private final Set<String> doubted = new HashSet<>();

  /** Widest range in days that this run learned, by date grouping. */
  private final Map<DateGrouping, Integer> learnedHere = new EnumMap<>(DateGrouping.class);

  /** Widest range of an accepted request of this run in days, by query shape. */
  private final Map<String, Integer> accepted = new HashMap<>();

  /** Date groupings whose learned ranges are to be exceeded once, to see if they still hold. */
  private final Set<DateGrouping> triesAgain;

  /**
   * @param maxDays what earlier runs learned, in days by query shape
   * @param triesAgain whether the run tests if the API accepts wider ranges again
   */
  LearnedRanges(Map<String, Integer> maxDays, boolean triesAgain, LessonWriter lessons) {
    this.maxDays = new HashMap<>(maxDays);
    this.triesAgain =
        triesAgain ? EnumSet.allOf(DateGrouping.class) : EnumSet.noneOf(DateGrouping.class);
    this.lessons = lessons;
  }

  /**
   * Returns the widest range per request for a query shape, in days.
   *
   * @param allowed the widest range that the rules allow, in days
   */
  public synchronized int maxDays(QueryShape shape, int allowed) {
    return triesAgain.contains(shape.dateGrouping())
        ? allowed
        : Math.min(allowed, maxDays.getOrDefault(shape.key(), Integer.MAX_VALUE));
  }

  /** Returns the widest range that was learned for a query shape, in days; 0 if none was. */
  synchronized int learned(QueryShape shape) {
    return maxDays.getOrDefault(shape.key(), 0);
  }

  /** Records that the API accepted a range, and forgets a narrower one that was learned. */
  synchronized void accepted(QueryShape shape, DayRange range) {
    String shapeKey = shape.key();
    accepted.merge(shapeKey, range.days(), Math::max);
    int learned = learned(shape);
    // A single period is never cut, whatever was learned.
    if (learned > 0
        && learned < range.days()
        && shape.dateGrouping().periodEnd(range.first()).isBefore(range.last())) {
      LOG.info(
          "the API accepts {} days of {} again; forgetting the narrower range",
          range.days(),
          shapeKey);
      maxDays.remove(shapeKey);
      lessons.learn(new Learned.Lesson.MaxDaysUnknown(shapeKey));
    }
  }

  /**
   * Records that the API refused a range wider than the one that was learned, and accepted the
   * latter. It most likely has one maximum, so no other shape of the date grouping tries again.
   */
  synchronized void stillRefused(DateGrouping grouping) {
    triesAgain.remove(grouping);
  }

  /**
   * Records that a single period passed after a wider range was refused without a stated cause. One
   * such refusal is no evidence, since it may have had any cause.
   */
  synchronized void doubted(String shapeKey) {
    doubted.add(shapeKey);
  }

  /**
   * Returns whether the refusal of a range of so many days is the second of its shape, and no
   * response of the run shows that the API allows so many.
   */
  synchronized boolean isDoubted(String shapeKey, int days) {
    return doubted.contains(shapeKey) && !accepts(shapeKey, days);
  }

  /** Returns whether a response of this run shows that a range of so many days is accepted. */
  synchronized boolean accepts(String shapeKey, int days) {
    return accepted.getOrDefault(shapeKey, 0) >= days;
  }

  /** Returns the widest range that this run learned for any shape of a date grouping; 0 if none. */
  synchronized int learned(DateGrouping grouping) {
    return learnedHere.getOrDefault(grouping, 0);
  }

  /**
   * Records that the API accepted a range of so many days after it refused a wider one.
   *
   * @param words the API's message
   */
  synchronized void refused(QueryShape shape, int days, String words) {
    String shapeKey = shape.key();
    LOG.warn("the API refuses the range of {} ({}); requesting {} days", shapeKey, words, days);
    triesAgain.remove(shape.dateGrouping());
    learnedHere.merge(shape.dateGrouping(), days, Math::min);
    maxDays.merge(shapeKey, days, Math::min);
    lessons.learn(new Learned.Lesson.MaxDays(shapeKey, days));
  }
}
