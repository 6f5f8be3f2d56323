package fathomexport.fetch.partition;

import fathomexport.report.Field;
import fathomexport.report.Filter;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Splits a period that exceeds the row limit into disjoint partitions by filters. Sorted by one of
 * its fields, a response of {@code limit} rows contains every row of all the field's values but the
 * last: those are kept, and the next request begins with the last value. A value that fills a
 * response alone becomes a separate partition, sorted by another field. That takes little more than
 * rows / limit requests.
 *
 * <p>Each row is checked against the exact rules of its partition, so that no row is kept twice
 * however the server interprets a filter. If the server sorts in another order, or its expressions
 * miss rows, the period's total shows it. Then the period is fetched in partitions that need no
 * order: by leading characters in any case, each with its complement.
 *
 * <p>A state machine without I/O: {@link #ask()}, {@link #row} for each row of the response, then
 * {@link #answered} or {@link #refused}, until {@link #done()}; then {@link #missing}, while rows
 * are missing.
 *
 * <p>{@code SplitCourse} holds the state and its transitions. A {@code SplitFrame} is a partition
 * that is being fetched: {@code SortedFrame} in the order of a field, {@code PiecesFrame} without
 * an order.
 */
public final class Split {
  /** Consecutive responses without a kept row after which the split fails. */
  private static final int MOST_FRUITLESS = 60;

  private final SplitFields fields;
  private final SplitCourse course;
  private final int limit;
  private SplitAnswer answer;
  private int parts;
  private int fruitless;

  /**
   * A request for the period, with filters in addition to the report's own.
   *
   * @param sortBy null for no particular order
   */
  public record Ask(List<Filter> filters, @Nullable Field sortBy, boolean ascending) {}

  /** Which of the taken rows of a response are kept. */
  public enum KeptRows {
    ALL,
    /** The rows before the last one for which {@link #blockStarts()} was true. */
    BEFORE_LAST_BLOCK,
    NOTHING,
    /** None, and none of the earlier responses either: the split starts over. */
    RESTART
  }

  /** What can be done about missing rows. */
  public enum Recourse {
    /** There is another request to send. */
    ASK,
    /** The split starts over in another way: the kept rows must be dropped. */
    RESTART,
    NONE
  }

  /**
   * @param fields the grouping fields
   * @param own the report's own filters
   * @param limit rows per request
   * @param first the rows of the response that reached the limit
   * @param estimate estimated number of rows of the period
   */
  public Split(List<Field> fields, List<Filter> own, int limit, Sample first, long estimate) {
    this.fields = new SplitFields(fields, own);
    this.course = new SplitCourse(this.fields, limit, first, estimate);
    this.limit = limit;
    this.answer = new SplitAnswer(this.fields, course.order(), -1, true);
  }

  /** Returns whether all known partitions are fetched, or the split has failed. */
  public boolean done() {
    return course.done();
  }

  /** Returns why the period cannot be split, or null if it may still be. */
  public @Nullable String failure() {
    return course.failure();
  }

  /** Returns the number of responses so far whose rows were kept. */
  public int parts() {
    return parts;
  }

  /** Returns the order in which responses are assumed to be sorted, for display. */
  public String way() {
    return sortable() ? "sorted by " + course.order().assumed() : "in partitions without an order";
  }

  /** Returns whether sorted responses are usable. */
  public boolean sortable() {
    return course.order().useful();
  }

  /** Avoids sorted requests from the start, since they were not usable before. */
  public void unsortable() {
    course.unsortable();
  }

  /**
   * Returns the next request; the same one until it is answered.
   *
   * @throws IllegalStateException if the split is done
   */
  public Ask ask() {
    if (done()) {
      throw new IllegalStateException("all partitions of the period are fetched");
    }
    SplitFrame frame = course.frame();
    Ask ask = frame.ask();
    answer = new SplitAnswer(fields, course.order(), frame.sortedBy(), ask.ascending());
    return ask;
  }

  /**
   * Processes the next row of the response.
   *
   * @param cells the texts of its fields, null for a missing value
   * @return whether the row belongs to the partition and is to be taken
   */
  public boolean row(@Nullable String[] cells) {
    return answer.row(cells, course.frame());
  }

  /** Returns whether the last row is the first of a block that the limit may cut off. */
  public boolean blockStarts() {
    return answer.blockStarts();
  }

  /**
   * Processes the end of the response.
   *
   * @param rows number of rows of the response
   * @return which of the taken rows are kept
   */
  public KeptRows answered(long rows) {
    KeptRows kept = course.frame().end(answer, rows >= limit);
    if (kept == KeptRows.ALL || kept == KeptRows.BEFORE_LAST_BLOCK) {
      parts++;
      fruitless = 0;
    } else if (++fruitless > MOST_FRUITLESS && failure() == null) {
      course.fail("the API's answers to filtered requests are inconsistent");
    }
    return kept;
  }

  /**
   * Handles a refusal of the request.
   *
   * @return what to do with the kept rows; {@link KeptRows#NOTHING} if the split has failed
   */
  public KeptRows refused(String words) {
    return course.refused(words);
  }

  /**
   * Returns what can be done if the partitions have fewer rows than the period's total.
   *
   * @param known whether there is a total: without one, only rows that may be missing are requested
   */
  public Recourse missing(boolean known) {
    return course.missing(known);
  }
}
