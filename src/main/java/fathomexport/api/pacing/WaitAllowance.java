package fathomexport.api.pacing;

import java.time.Duration;

/**
 * Limits how long the calls of one account may wait in all, because others wait for their end. What
 * counts are the waits that the API asks for and those before a retry, and the time of attempts
 * that failed, apart from the first one: a single failure may be momentary. The time of answers and
 * the pace of an account's own quota do not count. Thread-safe.
 */
public final class WaitAllowance {
  private final Duration most;
  private final String why;
  private Duration waited = Duration.ZERO;
  private boolean hasFailed;

  /**
   * @param most the longest sum of all waits, 0 or more
   * @param why the rule and its reason, for people: what waits for no more than how long
   */
  public WaitAllowance(Duration most, String why) {
    if (most.isNegative()) {
      throw new IllegalArgumentException("a negative wait: " + most);
    }
    this.most = most;
    this.why = why;
  }

  /** Returns the rule and its reason, for people. */
  public String why() {
    return why;
  }

  /** Returns whether a wait may begin. */
  public synchronized boolean allows(Duration wait) {
    return waited.plus(wait).compareTo(most) <= 0;
  }

  /** Counts a wait. */
  public synchronized void add(Duration wait) {
    waited = waited.plus(wait);
  }

  /** Counts the time of an attempt that failed, unless it is the first one. */
  public synchronized void addFailed(Duration took) {
    if (hasFailed) {
      add(took);
    }
    hasFailed = true;
  }
}
