package fathomexport.ledger;

/**
 * The numbers of quarantined rows and restated periods of a report for one slice.
 *
 * @param quarantined rows that could not be typed, of windows that are not settled
 * @param restated periods that a later fetch changed
 */
public record JournalCount(long quarantined, long restated) {
  public static final JournalCount NONE = new JournalCount(0, 0);

  /** Returns the sum of both counts. */
  public JournalCount plus(JournalCount other) {
    return new JournalCount(quarantined + other.quarantined, restated + other.restated);
  }
}
