package fathomexport.fetch.partition;

import fathomexport.fetch.partition.Split.Ask;
import fathomexport.fetch.partition.Split.KeptRows;
import fathomexport.report.Filter;
import fathomexport.report.Operator;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Fetches a partition in the order of one field. */
final class SortedFrame extends SplitFrame {
  /** Share of a response that a value at its end must fill to become a separate partition. */
  private static final double LARGE_BLOCK = 0.6;

  private final ServerOrder order;
  private final int field;
  private final Part.Watch watch;
  private final boolean byExpression;
  private boolean moved;

  /** The greatest value up to which all values are fetched; null for none. */
  private @Nullable String after;

  /** The prefix from which the next request continues. */
  private String prefix = "";

  /**
   * Values that are fetched or are separate partitions, with their rows; the latter count as the
   * largest.
   */
  private final Map<String, Integer> apart = new LinkedHashMap<>();

  private boolean nullDone;

  SortedFrame(SplitCourse course, Part part, int field, Part.Watch watch) {
    super(course, part);
    this.order = course.order();
    this.field = field;
    this.watch = watch;
    this.byExpression = fields.byExpression(field);
  }

  private List<Filter> added() {
    if (!moved) {
      return List.of();
    }
    List<Filter> filters = new ArrayList<>();
    int left = fields.room(part);
    if (byExpression) {
      Filter from = fields.filter(field, Operator.MATCHING, order.assumed().from(prefix));
      filters.add(from);
      left -= Patterns.encodedLength(from);
    }
    // Leaves some room for filters that may have to be added to partitions of this one.
    filters.addAll(fields.excluding(field, apart, left * 3 / 4));
    return filters;
  }

  @Override
  Ask ask() {
    return fields.question(part, added(), field, true);
  }

  @Override
  int sortedBy() {
    return field;
  }

  @Override
  boolean lacks(@Nullable String[] cells) {
    return remains(cells[field]);
  }

  private boolean remains(@Nullable String value) {
    if (value == null) {
      return !nullDone && !(byExpression && moved);
    }
    return (after == null || order.assumed().compare(value, after) > 0)
        && !apart.containsKey(value);
  }

  @Override
  KeptRows end(SplitAnswer answer, boolean full) {
    if (answer.scattered() || (byExpression && order.refuted())) {
      if (answer.scattered() || !order.assumeAnother()) {
        order.giveUp();
        return course.restart();
      }
      if (order.relied()) {
        return course.restart();
      }
    }
    if (!full) {
      return last(answer);
    }
    String dominant = answer.dominant();
    if (answer.blocks() == 1) {
      if (answer.blockIsNull()) {
        return fullOfNulls(answer);
      }
      return dominant != null && setApart(dominant, answer) ? KeptRows.NOTHING : stuck(answer);
    }
    if (answer.blockIsNull() && byExpression) {
      course.leave();
      course.push(nulls());
      return KeptRows.BEFORE_LAST_BLOCK;
    }
    boolean further = answer.nullComplete() && !nullDone;
    nullDone |= answer.nullComplete();
    further |= byExpression ? moveBehind(answer) : exclude(answer);
    boolean large = answer.takenOfBlock() >= LARGE_BLOCK * course.limit();
    if ((large || !further) && dominant != null && setApart(dominant, answer)) {
      further = true;
    }
    return further ? KeptRows.BEFORE_LAST_BLOCK : stuck(answer);
  }

  private KeptRows last(SplitAnswer answer) {
    if (answer.taken() == 0 && part.bereft() >= 0 && !moved) {
      return course.bereft(part);
    }
    course.leave();
    if (moved && !nullDone && !watch.seen()) {
      course.mayMissNulls(nulls());
    }
    return KeptRows.ALL;
  }

  private boolean moveBehind(SplitAnswer answer) {
    String reached = answer.beforeBlock();
    boolean further =
        reached != null && (after == null || order.assumed().compare(reached, after) > 0);
    if (further) {
      after = reached;
    }
    String from = answer.inBlock().stream().min(order.assumed()::compare).orElse("");
    prefix = order.assumed().separator(after, from, fields.room(part) / 2);
    String done = after;
    apart.keySet().removeIf(v -> done != null && order.assumed().compare(v, done) <= 0);
    moved = true;
    order.rely();
    return further || answer.takenBeforeBlock() > 0;
  }

  private boolean exclude(SplitAnswer answer) {
    boolean further = false;
    for (Map.Entry<String, Integer> value : answer.complete().entrySet()) {
      further |= apart.putIfAbsent(value.getKey(), value.getValue()) == null;
    }
    moved = true;
    return further;
  }

  /** Turns a value into a separate partition. Returns false if that is not possible. */
  private boolean setApart(String value, SplitAnswer answer) {
    Filter is = fields.holding(field, value);
    if (is == null
        || apart.containsKey(value)
        || Patterns.encodedLength(is) > fields.room(part) / 2) {
      return false;
    }
    apart.put(value, Integer.MAX_VALUE);
    moved = true;
    if (byExpression) {
      order.rely();
    }
    course.fetchFirst(
        part.where(List.of(is), field, value::equals).fixing(field),
        answer.sample(),
        course.limit());
    return true;
  }

  /** Returns the rows without a value, requested in descending order. */
  private NullsFrame nulls() {
    return new NullsFrame(course, part, field, watch, false);
  }

  private KeptRows fullOfNulls(SplitAnswer answer) {
    if (byExpression && !moved) {
      moved = true;
      nullDone = true;
      course.fetchFirst(fields.onlyNulls(part, field), answer.sample(), course.limit());
      return KeptRows.NOTHING;
    }
    return stuck(answer);
  }

  private KeptRows stuck(SplitAnswer answer) {
    course.leave();
    if (moved && byExpression && !nullDone && !watch.seen()) {
      course.mayMissNulls(nulls());
    }
    Part rest = part.where(added(), field, rule()).exhausting(field);
    return course.otherwise(moved ? rest : part.exhausting(field), answer.sample(), course.limit());
  }

  /** Returns the rule for the rows that are not fetched yet. */
  private Part.Test rule() {
    Set<String> had = Set.copyOf(apart.keySet());
    String done = after;
    boolean nulls = remains(null);
    return v ->
        v == null
            ? nulls
            : (done == null || order.assumed().compare(v, done) > 0) && !had.contains(v);
  }
}
