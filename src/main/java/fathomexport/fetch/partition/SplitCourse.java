package fathomexport.fetch.partition;

import fathomexport.fetch.partition.Split.KeptRows;
import fathomexport.fetch.partition.Split.Recourse;
import fathomexport.report.Operator;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The state of a split, what it has learned about the server, and its transitions: the frame on top
 * of the stack sends the requests; on a response it removes itself, or pushes other frames.
 */
final class SplitCourse {
  /** Rows of a partition that the sample must contain to choose a layout by them. */
  private static final int LEAST_SEEN = 12;

  private final SplitFields fields;
  private final int limit;
  private final long estimate;
  private final Sample first;
  private final ServerOrder order = new ServerOrder();

  /** Fields whose missing values cannot be requested: the period is not split by them. */
  private final Set<Integer> banned = new HashSet<>();

  private final Deque<SplitFrame> stack = new ArrayDeque<>();

  /** Complements that are probably empty, requested only if rows are missing. */
  private final Deque<SplitFrame> later = new ArrayDeque<>();

  private final Deque<NullsFrame> unseenNulls = new ArrayDeque<>();
  private @Nullable String failure;

  /**
   * @param limit rows per request
   * @param first the rows of the response that reached the limit
   * @param estimate estimated number of rows of the period
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
    order.restart();
    if (fields.choose(Part.ALL, first, banned) < 0) {
      failure =
          banned.isEmpty()
              ? "no field of the grouping can be filtered on"
              : "rows without a value cannot be requested";
    } else {
      fetchFirst(Part.ALL, first, estimate, banned);
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

  /** Returns the rows of the response that reached the limit. */
  Sample first() {
    return first;
  }

  /** Returns why the period cannot be split, or null if it may still be. */
  @Nullable String failure() {
    return failure;
  }

  boolean done() {
    return failure != null || stack.isEmpty();
  }

  /** Returns the partition that is being fetched. */
  SplitFrame frame() {
    return stack.element();
  }

  // --- Transitions by a frame

  /** Fetches another partition before the current one. */
  void push(SplitFrame frame) {
    stack.push(frame);
  }

  /** Ends the current partition. */
  void leave() {
    stack.remove();
  }

  /** Fetches a partition only if rows are missing. */
  void postpone(SplitFrame frame) {
    later.add(frame);
  }

  /**
   * Fetches the rows without a value if rows are missing, unless another response contains them.
   */
  void mayMissNulls(NullsFrame nulls) {
    unseenNulls.add(nulls);
  }

  /** Starts over: the kept rows must be dropped. */
  KeptRows restart() {
    start();
    return KeptRows.RESTART;
  }

  KeptRows fail(String reason) {
    failure = reason;
    stack.clear();
    return KeptRows.NOTHING;
  }

  KeptRows unsplittable(Part part) {
    return fail(
        part.filters().isEmpty()
            ? "no field of the grouping can divide it into partitions"
            : "one partition has more rows than the limit, and no field is left to divide it");
  }

  /**
   * Handles a partition that ended without its rows without a value, although such rows exist:
   * starts over without the field, or fails if that was done before.
   */
  KeptRows bereft(Part part) {
    if (!banned.add(part.bereft())) {
      return fail("rows without " + fields.get(part.bereft()).apiName() + " cannot be requested");
    }
    return restart();
  }

  /** Fetches the rest of a partition by another field, or fails if none is left. */
  KeptRows otherwise(Part rest, Sample sample, long rows) {
    if (fields.choose(rest, sample, Set.of()) < 0) {
      return unsplittable(rest);
    }
    fetchFirst(rest, sample, rows, Set.of());
    return KeptRows.NOTHING;
  }

  /** Fetches a partition before the current one, with the fewest requests. */
  void fetchFirst(Part part, Sample sample, long rows) {
    fetchFirst(part, sample, rows, Set.of());
  }

  private void fetchFirst(Part part, Sample sample, long rows, Set<Integer> not) {
    int field = fields.choose(part, sample, not);
    if (field < 0) {
      stack.push(new WholeFrame(this, part));
      return;
    }
    if (!order.useful()) {
      Part.Watch watch = new Part.Watch(field);
      stack.push(new PiecesFrame(this, part.watching(watch), field, watch, rows, false));
      return;
    }
    // The rows of the response that reached the limit come from the whole period: they are a sample
    // of each partition.
    List<@Nullable String[]> seen = first.all().stream().filter(part::holds).toList();
    if (seen.size() < LEAST_SEEN) {
      stack.push(sorted(part, field));
      return;
    }
    lay(part, seen, (double) estimate * seen.size() / first.rows(), not);
  }

  /** Fetches a partition with the layout that costs least. */
  private void lay(Part part, List<@Nullable String[]> seen, double rows, Set<Integer> not) {
    PartitionLayout layout = layout(part, seen, rows);
    int field = layout.field(not);
    if (field < 0) {
      stack.push(new WholeFrame(this, part));
      return;
    }
    Map<String, List<@Nullable String[]>> large = layout.large(field);
    if (!large.isEmpty() && large.size() <= SplitFields.MOST_VALUES / 2) {
      Map<String, Integer> apart = new HashMap<>();
      large.forEach((value, its) -> apart.put(value, its.size()));
      Part.Watch watch = watchNulls(part, field);
      Part rest = layout.without(field, apart).watching(watch);
      List<@Nullable String[]> left = seen.stream().filter(rest::holds).toList();
      layRest(layout(rest, left, rows * left.size() / seen.size()), not, field);
      large.forEach(
          (value, its) ->
              lay(layout.value(field, value), its, rows * its.size() / seen.size(), not));
      return;
    }
    layRest(layout, not, field);
  }

  private PartitionLayout layout(Part part, List<@Nullable String[]> seen, double rows) {
    return new PartitionLayout(fields, order.assumed(), limit, part, seen, rows);
  }

  private void layRest(PartitionLayout layout, Set<Integer> not, int field) {
    Part part = layout.part();
    PartitionLayout.Cut cut = layout.cut(not, banned);
    if (cut == null) {
      int best = layout.field(not);
      stack.push(sorted(part, best < 0 ? field : best));
      return;
    }
    if (fields.byExpression(cut.cutBy())) {
      order.rely();
    }
    Part.Watch watch = cut.nulls() ? new Part.Watch(cut.cutBy()) : watchNulls(part, cut.cutBy());
    for (PartitionLayout.CutPart piece : cut.pieces()) {
      SplitFrame frame = sorted(piece.part().watching(watch), cut.field());
      if (piece.sample().rows() == 0) {
        later.add(frame);
      } else {
        stack.push(frame);
      }
    }
  }

  /**
   * Schedules requests for the rows without a value at both ends of the order, unless another
   * response contains them.
   */
  private Part.Watch watchNulls(Part part, int field) {
    Part.Watch watch = new Part.Watch(field);
    Part watched = part.watching(watch);
    unseenNulls.add(new NullsFrame(this, watched, field, watch, true));
    unseenNulls.add(new NullsFrame(this, watched, field, watch, false));
    return watch;
  }

  private SortedFrame sorted(Part part, int field) {
    Part.Watch watch = new Part.Watch(field);
    return new SortedFrame(this, part.watching(watch), field, watch);
  }

  // --- Transitions of the whole split

  /** Avoids sorted requests from the start. */
  void unsortable() {
    if (order.useful()) {
      order.giveUp();
      start();
    }
  }

  /** Handles a refusal: starts over without expressions, then without sorting, then fails. */
  KeptRows refused(String words) {
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
   * Returns what can be done if the partitions have fewer rows than the period's total.
   *
   * @param known whether there is a total: without one, only rows that may be missing are requested
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
      boolean elsewhere = order.useful() && order.nullsFirst() && !nulls.ascending();
      if (!nulls.seen() && !elsewhere) {
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
