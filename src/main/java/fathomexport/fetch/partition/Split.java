package fathomexport.fetch.partition;

import fathomexport.report.Field;
import fathomexport.report.Filter;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Fetches a period that alone reaches the row limit, in parts by filters. Sorted by one of its
 * fields, an answer of {@code limit} rows holds every row of all the field's values but the last
 * one's: those are kept, and the next answer is asked for from the last one on. A value that alone
 * fills an answer becomes a part of its own, walked by another field. That takes little more than
 * rows / limit requests.
 *
 * <p>Nothing is taken on trust: each row is held to the exact rules of its part, so that none comes
 * twice whatever a filter means to the server, and a server that sorts otherwise, or whose
 * expressions miss something, shows in the period's total. Then the period is had in parts that
 * need no order: by leading characters in any case, each with its complement.
 *
 * <p>A state machine without I/O: {@link #ask()}, {@link #row} for each row of the answer, then
 * {@link #answered} or {@link #refused}, until {@link #done()}; then {@link #missing}, while rows
 * are.
 *
 * <p>{@code SplitCourse} has its state and the moves, a {@code SplitFrame} is a part that is being
 * had: {@code SortedFrame} in the order of a field, {@code PiecesFrame} without an order.
 */
public final class Split {
  /** Answers in a row of which nothing could be kept. */
  private static final int MOST_FRUITLESS = 60;

  private final SplitFields fields;
  private final SplitCourse course;
  private final int limit;
  private SplitAnswer answer;
  private int parts;
  private int fruitless;

  /**
   * A question: the period's, with these filters besides the report's own.
   *
   * @param sortBy null for no particular order
   */
  public record Ask(List<Filter> filters, @Nullable Field sortBy, boolean ascending) {}

  /** What of an answer is to be kept, of the rows that were taken. */
  public enum Kept {
    ALL,
    /** The rows before the last that {@link #blockStarts()} was true for. */
    BEFORE_LAST_BLOCK,
    NOTHING,
    /** Nothing, and nothing of any answer before: it starts over. */
    RESTART
  }

  /** What can be done about rows that are missing. */
  public enum Recourse {
    /** There is more to ask for. */
    ASK,
    /** It can be tried in another way, from the start: what was kept is to be dropped. */
    RESTART,
    NONE
  }

  /**
   * @param fields the grouping
   * @param own the report's own filters
   * @param limit rows to ask for
   * @param first the rows that reached the limit
   * @param estimate how many rows there may be
   */
  public Split(List<Field> fields, List<Filter> own, int limit, Sample first, long estimate) {
    this.fields = new SplitFields(fields, own);
    this.course = new SplitCourse(this.fields, limit, first, estimate);
    this.limit = limit;
    this.answer = new SplitAnswer(this.fields, course.order(), -1, true);
  }

  /** Whether all parts that are known of have come, or it has failed. */
  public boolean done() {
    return course.done();
  }

  /** Why the period cannot be had in parts; null while it may be. */
  public @Nullable String failure() {
    return course.failure();
  }

  /** Answers so far of which rows were kept. */
  public int parts() {
    return parts;
  }

  /** In which order answers are taken to come; for people. */
  public String way() {
    return sortable() ? "sorted by " + course.order().assumed() : "in parts without an order";
  }

  /** Whether sorted answers have turned out to be of use. */
  public boolean sortable() {
    return course.order().useful();
  }

  /** Goes without sorted answers from the start: they were of no use before. */
  public void unsortable() {
    course.unsortable();
  }

  /** The next question. Asking again before it is answered gives the same. */
  public Ask ask() {
    if (done()) {
      throw new IllegalStateException("the period is split");
    }
    SplitFrame frame = course.frame();
    Ask ask = frame.ask();
    answer = new SplitAnswer(fields, course.order(), frame.sortedBy(), ask.ascending());
    return ask;
  }

  /**
   * Looks at the next row of the answer.
   *
   * @param cells the texts of its fields, null where there is none
   * @return whether it is to be taken
   */
  public boolean row(@Nullable String[] cells) {
    return answer.row(cells, course.frame());
  }

  /** Whether the row that was last looked at is the first of a block that an answer may cut. */
  public boolean blockStarts() {
    return answer.blockStarts();
  }

  /**
   * Takes the end of the answer.
   *
   * @param rows how many it had
   */
  public Kept answered(long rows) {
    Kept kept = course.frame().end(answer, rows >= limit);
    if (kept == Kept.ALL || kept == Kept.BEFORE_LAST_BLOCK) {
      parts++;
      fruitless = 0;
    } else if (++fruitless > MOST_FRUITLESS && failure() == null) {
      course.fail("the server's answers to filters make no sense");
    }
    return kept;
  }

  /**
   * Takes a refusal of the question.
   *
   * @return what is to be done with what was kept; {@link Kept#NOTHING} when it has failed
   */
  public Kept refused(String words) {
    return course.refused(words);
  }

  /**
   * What can be done when the parts are fewer than the period's total.
   *
   * @param known whether there is a total: without one only what may be missing is asked for
   */
  public Recourse missing(boolean known) {
    return course.missing(known);
  }
}
