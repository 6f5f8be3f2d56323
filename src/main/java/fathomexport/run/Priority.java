package fathomexport.run;

/** The order in which runs that share a quota send their requests. */
public enum Priority {
  /** For work that can wait: backfills, checks. */
  WHEN_FREE(0),
  /** For work that is due: the nightly run. */
  FIRST(1);

  private final int rank;

  Priority(int rank) {
    this.rank = rank;
  }

  /** Returns the rank; requests of a greater rank are sent first. */
  public int rank() {
    return rank;
  }
}
