package fathomexport.ledger;

import java.util.Arrays;
import java.util.Locale;

/** The unit in which the API reported the bounce rates of a window. They are stored in percent. */
public enum RateUnit {
  /** From 0 to 1. */
  RATIO,
  /** From 0 to 100. */
  PERCENT;

  /** Returns the unit as it is stored. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Returns the unit with this label.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static RateUnit ofLabel(String label) {
    return Arrays.stream(values())
        .filter(unit -> unit.label().equals(label))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("unit of rates '" + label + "'"));
  }
}
