package fathomexport.api;

/**
 * How many retries may be made for one site and report: a reserve, and one more for every so many
 * usable answers. A query that fails every time thus costs a bounded number of requests and takes
 * nothing from other sites and reports, and a long backfill survives the odd fault. Thread-safe.
 */
public final class RetryBudget {
  private static final int RESERVE = 6;
  private static final int ANSWERS_PER_RETRY = 10;

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

  /** The budget of one site and report: 6 retries, and one more for every 10 usable answers. */
  public static RetryBudget ofASiteAndReport() {
    return new RetryBudget(RESERVE, ANSWERS_PER_RETRY);
  }

  /** Retries that may be made by the time of so many usable answers. */
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

  /** Whether no retry is left. */
  synchronized boolean spent() {
    return taken >= granted(answers);
  }

  synchronized void answered() {
    answers++;
  }

  /** Retries made so far. */
  public synchronized long taken() {
    return taken;
  }
}
