package fathomexport.ledger;

import java.util.Locale;

/** What the API does with the parameter {@code offset}, which it does not document. */
public enum OffsetSupport {
  /** A page begins where the one before it ended. */
  HONOURED,
  /** The parameter has no effect: the same rows come again. */
  IGNORED,
  /** A question with it is refused. */
  REFUSED,
  /** It has an effect, but rows come in another order each time, so pages overlap. */
  UNSTABLE;

  /** The name under which it is stored and shown. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * @throws IllegalArgumentException when there is none of this name
   */
  public static OffsetSupport of(String label) {
    for (OffsetSupport support : values()) {
      if (support.label().equals(label)) {
        return support;
      }
    }
    throw new IllegalArgumentException("no such answer to offset: " + label);
  }
}
