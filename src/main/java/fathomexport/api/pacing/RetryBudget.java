package fathomexport.api.pacing;

/**
 * Limits the retries of one site and report: a reserve, plus one retry per given number of usable
 * responses. A query that always fails thus costs a bounded number of requests and takes nothing
 * from other sites and reports, while a long backfill survives occasional faults. Thread-safe.
 */
public final class RetryBudget {
  private static final int RESERVE = 6;
  private static final int ANSWERS_PER_RETRY = 10;

  private final int reserve;
  private final int answersPerRetry;
  private long answers;
  private long taken;

  /**
   * @param reserve number of retries that are available from the start, 0 or more
   * @param answersPerRetry number of usable responses that earn one retry, 1 or more
   */
  public RetryBudget(int reserve, int answersPerRetry) {
    if (reserve < 0 || answersPerRetry < 1) {
      throw new IllegalArgumentException(
          "a retry budget of " + reserve + " and one per " + answersPerRetry + " answers");
    }
    this.reserve = reserve;
    this.answersPerRetry = answersPerRetry;
  }

  /** Returns the budget of one site and report: 6 retries, plus one per 10 usable responses. */
  public static RetryBudget ofASiteAndReport() {
    return new RetryBudget(RESERVE, ANSWERS_PER_RETRY);
  }

  /** Returns the total number of retries that are allowed after this number of usable responses. */
  public long granted(long usableAnswers) {
    return reserve + usableAnswers / answersPerRetry;
  }

  /** Takes one retry; returns false if none is left. */
  public synchronized boolean take() {
    if (taken >= granted(answers)) {
      return false;
    }
    taken++;
    return true;
  }

  /** Returns whether no retry is left. */
  public synchronized boolean spent() {
    return taken >= granted(answers);
  }

  public synchronized void answered() {
    answers++;
  }

  /** Returns the number of retries so far. */
  public synchronized long taken() {
    return taken;
  }
}
