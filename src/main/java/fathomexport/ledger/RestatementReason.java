package fathomexport.ledger;

import java.util.Arrays;
import java.util.Locale;

/** Why stored numbers changed. Only {@link #SOURCE} says how late Fathom's own numbers move. */
public enum RestatementReason {
  /** Fathom now reports other numbers for the same question. */
  SOURCE,
  /** The report's definition changed: another question has another answer. */
  DEFINITION,
  /** The site's time zone changed, so that its days are other spans of time. */
  ZONE,
  /** Only the unit or the rounding of the rates changed, and no count. */
  UNIT,
  /** Fathom reports what it did, but the stored rows had been changed since: ours, too. */
  STORAGE;

  /** Returns the reason as it is stored and shown. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Returns the reason with this label.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static RestatementReason ofLabel(String label) {
    return Arrays.stream(values())
        .filter(reason -> reason.label().equals(label))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("reason of a restatement '" + label + "'"));
  }
}
