package fathomexport.pipeline;

/** Whose requests go first where runs share a quota. */
enum Priority {
  /** What can wait: backfills, checks. */
  WHEN_FREE(0),
  /** What is waited for: the nightly run. */
  FIRST(1);

  private final int rank;

  Priority(int rank) {
    this.rank = rank;
  }

  /** The greater goes first. */
  int rank() {
    return rank;
  }
}
