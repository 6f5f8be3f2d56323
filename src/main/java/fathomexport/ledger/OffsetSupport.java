package fathomexport.ledger;

import java.util.Locale;

/** How the API treats the parameter {@code offset}, which it does not document. */
public enum OffsetSupport {
  /** A page begins where the one before it ended. */
  HONOURED,
  /** The parameter has no effect: the API returns the same rows again. */
  IGNORED,
  /** The API refuses a query with the parameter. */
  REFUSED,
  /**
   * The parameter has an effect, but the order of the rows varies between requests, so pages
   * overlap.
   */
  UNSTABLE;

  /** Returns the name for storage and output. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Returns the value with this label.
   *
   * @throws IllegalArgumentException if no value has this label
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
