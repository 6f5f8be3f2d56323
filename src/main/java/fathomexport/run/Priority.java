package fathomexport.run;

/** Whose requests go first where runs share a quota. */
public enum Priority {
  /** What can wait: backfills, checks. */
  WHEN_FREE(0),
  /** What is waited for: the nightly run. */
  FIRST(1);

  private final int rank;

  Priority(int rank) {
    this.rank = rank;
  }

  /** The greater goes first. */
  public int rank() {
    return rank;
  }
}
