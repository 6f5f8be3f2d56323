package fathomexport.api;

/**
 * How many retries a run may make in all: a reserve, and one more for every so many usable answers.
 * An API that is down thus costs a run a bounded number of requests, and a long backfill survives
 * the odd fault. Thread-safe; shared by all clients of a run.
 */
public final class RetryBudget {
  private final int reserve;
  private final int answersPerRetry;
  private long answers;
  private long taken;

  /**
   * @param reserve retries that need no answer
   * @param answersPerRetry usable answers that earn one retry
   */
  public RetryBudget(int reserve, int answersPerRetry) {
    if (reserve < 0 || answersPerRetry < 1) {
      throw new IllegalArgumentException(
          "a retry budget of " + reserve + " and one per " + answersPerRetry + " answers");
    }
    this.reserve = reserve;
    this.answersPerRetry = answersPerRetry;
  }

  /** A reserve of 30, and one retry for every 10 usable answers. */
  public static RetryBudget ofARun() {
    return new RetryBudget(30, 10);
  }

  /** Retries that a run of so many answers may make at the most. */
  public long granted(long usableAnswers) {
    return reserve + usableAnswers / answersPerRetry;
  }

  /** Takes one retry; false when none is left. */
  synchronized boolean take() {
    if (taken >= granted(answers)) {
      return false;
    }
    taken++;
    return true;
  }

  synchronized void answered() {
    answers++;
  }

  /** Retries made so far. */
  public synchronized long taken() {
    return taken;
  }
}
