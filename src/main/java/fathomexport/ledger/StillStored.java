package fathomexport.ledger;

/**
 * What of a run's commits is still stored.
 *
 * @param windows number of windows of which at least one period is the run's
 * @param rows rows of the run's periods
 */
public record StillStored(long windows, long rows) {
  public static final StillStored NOTHING = new StillStored(0, 0);

  /** Returns the larger of both numbers. */
  public StillStored max(StillStored other) {
    return new StillStored(Math.max(windows, other.windows), Math.max(rows, other.rows));
  }
}
