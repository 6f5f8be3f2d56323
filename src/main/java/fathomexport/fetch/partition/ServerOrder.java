package fathomexport.fetch.partition;

import java.util.EnumSet;

/** How a server sorts by a field, as far as its answers show; for one period. */
final class ServerOrder {
  private final EnumSet<FieldOrder> possible = EnumSet.allOf(FieldOrder.class);
  private FieldOrder assumed = FieldOrder.CODE_POINT;
  private boolean useful = true;
  private boolean relied;
  private boolean nullsFirst;

  /** Looks at two texts, of which an answer in ascending order has one before the other. */
  void saw(String before, String after) {
    possible.removeIf(o -> o.compare(before, after) > 0);
  }

  void sawNullsFirst() {
    nullsFirst = true;
  }

  /** Whether rows without a value have come before others of an ascending order. */
  boolean nullsFirst() {
    return nullsFirst;
  }

  /** The order that texts are taken to come in. */
  FieldOrder assumed() {
    return assumed;
  }

  /** Whether an answer was in another order than the assumed one. */
  boolean refuted() {
    return !possible.contains(assumed);
  }

  /** Assumes another order; false when texts have come in none that is known. */
  boolean assumeAnother() {
    if (possible.isEmpty()) {
      return false;
    }
    assumed = possible.iterator().next();
    return true;
  }

  /** Whether sorted answers are of use. */
  boolean useful() {
    return useful;
  }

  void giveUp() {
    useful = false;
  }

  /** What is asked for from now on depends on the assumed order. */
  void rely() {
    relied = true;
  }

  /** Whether the assumed order has been relied on since the start. */
  boolean relied() {
    return relied;
  }

  void startAnew() {
    relied = false;
  }
}
