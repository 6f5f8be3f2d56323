package fathomexport.fetch.partition;

import java.util.EnumSet;

/** The order in which the server sorts text fields, learned from its responses; for one period. */
final class ServerOrder {
  private final EnumSet<FieldOrder> possible = EnumSet.allOf(FieldOrder.class);
  private FieldOrder assumed = FieldOrder.CODE_POINT;
  private boolean useful = true;
  private boolean relied;
  private boolean nullsFirst;

  /** Excludes the orders that contradict two texts of a response in ascending order. */
  void saw(String before, String after) {
    possible.removeIf(o -> o.compare(before, after) > 0);
  }

  void sawNullsFirst() {
    nullsFirst = true;
  }

  /** Returns whether rows without a value came before others in ascending order. */
  boolean nullsFirst() {
    return nullsFirst;
  }

  /** Returns the assumed order of texts. */
  FieldOrder assumed() {
    return assumed;
  }

  /** Returns whether a response contradicts the assumed order. */
  boolean refuted() {
    return !possible.contains(assumed);
  }

  /** Assumes another order. Returns false if the responses contradict every known order. */
  boolean assumeAnother() {
    if (possible.isEmpty()) {
      return false;
    }
    assumed = possible.iterator().next();
    return true;
  }

  /** Returns whether sorted responses are usable. */
  boolean useful() {
    return useful;
  }

  void giveUp() {
    useful = false;
  }

  /** Records that requests depend on the assumed order from now on. */
  void rely() {
    relied = true;
  }

  /** Returns whether requests have depended on the assumed order since the start. */
  boolean relied() {
    return relied;
  }

  void restart() {
    relied = false;
  }
}
