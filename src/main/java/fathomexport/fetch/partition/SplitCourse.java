package fathomexport.fetch.partition;

import fathomexport.fetch.partition.Split.Kept;
import fathomexport.fetch.partition.Split.Recourse;
import fathomexport.report.Operator;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where a split has come to, what it has learnt of the server, and the moves that lead on: a part
 * is asked for by the frame on top, which on its answer leaves, or puts others on top of itself.
 */
final class SplitCourse {
  private final SplitFields fields;
  private final int limit;
  private final long estimate;
  private final Sample first;
  private final ServerOrder order = new ServerOrder();

  /** Fields whose missing values cannot be asked for: the period is not walked by them. */
  private final Set<Integer> banned = new HashSet<>();

  private final Deque<SplitFrame> stack = new ArrayDeque<>();

  /** Complements that are likely empty, asked for only when something is missing. */
  private final Deque<SplitFrame> later = new ArrayDeque<>();

  private final Deque<NullsFrame> unseenNulls = new ArrayDeque<>();
  private @Nullable String failure;

  /**
   * @param limit rows to ask for
   * @param first the rows that reached the limit
   * @param estimate how many rows there may be
   */
  SplitCourse(SplitFields fields, int limit, Sample first, long estimate) {
    this.fields = fields;
    this.limit = limit;
    this.first = first;
    this.estimate = Math.max(estimate, limit + 1L);
    start();
  }

  private void start() {
    stack.clear();
    later.clear();
    unseenNulls.clear();
    order.startAnew();
    int field = fields.choose(Part.ALL, first, banned);
    if (field < 0) {
      failure =
          banned.isEmpty()
              ? "no field of the grouping can be filtered on"
              : "rows without a value cannot be asked for";
    } else {
      stack.push(frame(Part.ALL, field, estimate));
    }
  }

  SplitFields fields() {
    return fields;
  }

  ServerOrder order() {
    return order;
  }

  int limit() {
    return limit;
  }

  /** The rows that reached the limit. */
  Sample first() {
    return first;
  }

  /** Why the period cannot be had in parts; null while it may be. */
  @Nullable String failure() {
    return failure;
  }

  boolean done() {
    return failure != null || stack.isEmpty();
  }

  /** The part that is asked for. */
  SplitFrame frame() {
    return stack.element();
  }

  // --- Moves of a frame

  /** Asks for another part first. */
  void push(SplitFrame frame) {
    stack.push(frame);
  }

  /** Is done with the part that is asked for. */
  void leave() {
    stack.remove();
  }

  /** Asks for a part only when something is missing. */
  void postpone(SplitFrame frame) {
    later.add(frame);
  }

  /** Asks for rows without a value when something is missing, unless they turn up. */
  void mayMissNulls(NullsFrame nulls) {
    unseenNulls.add(nulls);
  }

  /** Starts over: what was kept is to be dropped. */
  Kept restart() {
    start();
    return Kept.RESTART;
  }

  Kept fail(String reason) {
    failure = reason;
    stack.clear();
    return Kept.NOTHING;
  }

  Kept unsplittable(Part part) {
    return fail(
        part.filters().isEmpty()
            ? "no field of the grouping can be walked by"
            : "a part of it has more rows than the limit and no field left to walk it by");
  }

  /** The walk is at its end, but that rows without a value, known to exist, did not come. */
  Kept bereft(Part part) {
    if (!banned.add(part.bereft())) {
      return fail("rows without " + fields.get(part.bereft()).apiName() + " cannot be asked for");
    }
    return restart();
  }

  /** Walks what is left of a part by another field. */
  Kept otherwise(Part rest, Sample sample, long rows) {
    int field = fields.choose(rest, sample, Set.of());
    if (field < 0) {
      return unsplittable(rest);
    }
    stack.push(frame(rest, field, rows));
    return Kept.NOTHING;
  }

  /** Has a part by the field that cuts it best, or whole when none is left. */
  SplitFrame frame(Part part, Sample sample, long rows) {
    int field = fields.choose(part, sample, Set.of());
    return field < 0 ? new WholeFrame(this, part) : frame(part, field, rows);
  }

  private SplitFrame frame(Part part, int field, long rows) {
    Part.Watch watch = new Part.Watch(field);
    return order.useful()
        ? new SortedFrame(this, part.watching(watch), field, watch)
        : new PiecesFrame(this, part.watching(watch), field, watch, rows, false);
  }

  // --- Moves of the whole

  /** Goes without sorted answers from the start. */
  void unsortable() {
    if (order.useful()) {
      order.giveUp();
      start();
    }
  }

  /** The question was refused: goes without what the server may not know, if there is any. */
  Kept refused(String words) {
    Split.Ask ask = frame().ask();
    boolean expression =
        ask.filters().stream()
            .anyMatch(
                f -> f.operator() == Operator.MATCHING || f.operator() == Operator.NOT_MATCHING);
    if (expression && fields.matchable()) {
      fields.unmatchable();
      return restart();
    }
    if (ask.sortBy() != null && order.useful()) {
      order.giveUp();
      return restart();
    }
    return fail(words);
  }

  /**
   * What can be done when the parts are fewer than the period's total.
   *
   * @param known whether there is a total: without one only what may be missing is asked for
   */
  Recourse missing(boolean known) {
    if (failure != null) {
      return Recourse.NONE;
    }
    if (!later.isEmpty()) {
      stack.push(later.remove());
      return Recourse.ASK;
    }
    while (!unseenNulls.isEmpty()) {
      NullsFrame nulls = unseenNulls.remove();
      if (!nulls.seen() && !(order.useful() && order.nullsFirst())) {
        stack.push(nulls);
        return Recourse.ASK;
      }
    }
    if (known && order.useful()) {
      order.giveUp();
      restart();
      return failure == null ? Recourse.RESTART : Recourse.NONE;
    }
    return Recourse.NONE;
  }
}
