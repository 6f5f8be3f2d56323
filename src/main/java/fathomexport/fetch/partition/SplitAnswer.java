package fathomexport.fetch.partition;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The current response, row by row. A sorted response consists of blocks of values that differ at
 * most in case: all are complete but the last, which the limit may have cut off.
 */
final class SplitAnswer {
  private final SplitFields fields;
  private final ServerOrder order;
  private final int sortedBy;
  private final boolean ascending;
  private final Sample sample;
  private final Map<String, Integer> blockOf = new HashMap<>();
  private final Map<String, Integer> complete = new HashMap<>();
  private final Set<String> inBlock = new HashSet<>();
  private boolean any;
  private boolean blockStarts;
  private int blocks;
  private @Nullable String last;
  private String lastFolded = "";
  private @Nullable String beforeBlock;
  private boolean nullComplete;
  private boolean scattered;
  private long takenBeforeBlock;
  private long taken;

  /**
   * @param order learns from the rows
   * @param sortedBy the field that the rows are sorted by; -1 if the order does not matter
   */
  SplitAnswer(SplitFields fields, ServerOrder order, int sortedBy, boolean ascending) {
    this.fields = fields;
    this.order = order;
    this.sortedBy = sortedBy;
    this.ascending = ascending;
    this.sample = new Sample(fields.size());
  }

  /** Processes the next row. Returns whether it is taken. */
  boolean row(@Nullable String[] cells, SplitFrame frame) {
    if (sortedBy >= 0) {
      follow(cells[sortedBy]);
    }
    boolean take = frame.take(cells);
    if (take) {
      sample.add(cells);
      taken++;
    }
    return take;
  }

  private void follow(@Nullable String value) {
    blockStarts = false;
    if (any && Objects.equals(value, last)) {
      return;
    }
    String folded = value == null ? "" : Patterns.fold(value);
    if (!any || (value == null) != (last == null) || !folded.equals(lastFolded)) {
      endBlock();
    }
    if (any && ascending && value != null) {
      String previous = last;
      if (previous == null) {
        order.sawNullsFirst();
      } else if (fields.byExpression(sortedBy)) {
        order.saw(previous, value);
      }
    }
    if (value != null) {
      inBlock.add(value);
      Integer block = blockOf.putIfAbsent(value, blocks);
      scattered |= block != null && block != blocks;
    }
    any = true;
    last = value;
    lastFolded = folded;
  }

  private void endBlock() {
    if (any) {
      if (last == null) {
        scattered |= nullComplete;
        nullComplete = true;
      } else {
        beforeBlock = last;
        sample
            .values(sortedBy)
            .forEach(
                (value, rows) -> {
                  if (value != null) {
                    complete.merge(value, rows, Integer::sum);
                  }
                });
      }
    }
    takenBeforeBlock = taken;
    sample.clear();
    inBlock.clear();
    blocks++;
    blockStarts = true;
  }

  /** Returns whether the last row is the first of a block. */
  boolean blockStarts() {
    return blockStarts;
  }

  boolean any() {
    return any;
  }

  /** Returns whether a value occurred in two places, so that the rows are not sorted. */
  boolean scattered() {
    return scattered;
  }

  int blocks() {
    return blocks;
  }

  /** Returns whether the rows of the last block have no value. */
  boolean blockIsNull() {
    return last == null;
  }

  /** Returns the value before the last block; null if there is none. */
  @Nullable String beforeBlock() {
    return beforeBlock;
  }

  /** Returns the values of the last block, whether or not their rows were taken. */
  Set<String> inBlock() {
    return inBlock;
  }

  /** Returns the values of the blocks before the last, with the number of rows taken of each. */
  Map<String, Integer> complete() {
    return complete;
  }

  /** Returns whether the rows without a value form a block before the last. */
  boolean nullComplete() {
    return nullComplete;
  }

  /** Returns the taken rows of the last block, or all taken rows if the order does not matter. */
  Sample sample() {
    return sample;
  }

  long taken() {
    return taken;
  }

  long takenBeforeBlock() {
    return takenBeforeBlock;
  }

  /**
   * Returns the most frequent value among the taken rows of the last block; null if there is none.
   */
  @Nullable String dominant() {
    return sample.values(sortedBy).entrySet().stream()
        .filter(e -> e.getKey() != null)
        .max(Map.Entry.comparingByValue())
        .map(Map.Entry::getKey)
        .orElse(null);
  }

  long takenOfBlock() {
    return taken - takenBeforeBlock;
  }
}
