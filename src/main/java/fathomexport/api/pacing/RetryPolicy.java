package fathomexport.api.pacing;

import java.io.Serializable;
import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How often and when a failed call is retried.
 *
 * @param maxAttempts maximum number of requests of one call, the first included
 * @param base wait before the second attempt; doubles with each further attempt
 * @param cap longest wait of the backoff
 * @param longestAskedWait longest wait that a run accepts for {@code Retry-After} or for the quota;
 *     a longer one ends the call
 * @param patience how long a run retries an API that does not respond before it counts as down
 */
public record RetryPolicy(
    int maxAttempts, Duration base, Duration cap, Duration longestAskedWait, Duration patience)
    implements Serializable {

  public static final Duration DEFAULT_PATIENCE = Duration.ofMinutes(10);

  /** Longer than any run, and still representable in nanoseconds. */
  private static final Duration ENDLESS = Duration.ofDays(10_000);

  public static final RetryPolicy DEFAULT =
      new RetryPolicy(
          5,
          Duration.ofSeconds(1),
          Duration.ofSeconds(30),
          Duration.ofMinutes(15),
          DEFAULT_PATIENCE);

  public RetryPolicy {
    if (maxAttempts < 1) {
      throw new IllegalArgumentException("attempts must be 1 or more: " + maxAttempts);
    }
    if (base.isNegative() || base.isZero() || cap.compareTo(base) < 0) {
      throw new IllegalArgumentException(
          "the wait before a retry must be above zero and its cap no shorter: "
              + base
              + ", "
              + cap);
    }
    if (longestAskedWait.isNegative()) {
      throw new IllegalArgumentException("the longest wait is negative: " + longestAskedWait);
    }
    if (patience.isNegative()) {
      throw new IllegalArgumentException("the patience is negative: " + patience);
    }
  }

  /** Returns this policy with another patience. */
  public RetryPolicy withPatience(Duration time) {
    return new RetryPolicy(maxAttempts, base, cap, longestAskedWait, time);
  }

  /** Returns this policy with unlimited waits for the API and unlimited patience. */
  public RetryPolicy waiting() {
    return new RetryPolicy(maxAttempts, base, cap, ENDLESS, ENDLESS);
  }

  /**
   * Returns the policy of calls that a run can do without: 2 attempts, and no wait that is longer
   * than the longest one of the backoff, whether or not the run waits for the API.
   */
  public RetryPolicy dispensable() {
    Duration longest = cap.compareTo(longestAskedWait) < 0 ? cap : longestAskedWait;
    return new RetryPolicy(Math.min(2, maxAttempts), base, cap, longest, Duration.ZERO);
  }

  /** Returns whether a run accepts a wait that the API asks for. */
  public boolean accepts(Duration asked) {
    return asked.compareTo(longestAskedWait) <= 0;
  }

  /**
   * Returns whether an API that is down is an answer, because a person waits for the command: it
   * does not wait for the API to come back.
   */
  public boolean isImpatient() {
    return patience.isZero();
  }

  /**
   * Returns the maximum number of attempts of one call to reach an API to which no connection comes
   * about. A second attempt gets past a momentary fault of the network; further ones would only
   * keep an impatient command from saying what is wrong.
   */
  public int maxConnects() {
    return isImpatient() ? Math.min(2, maxAttempts) : maxAttempts;
  }

  /** Returns whether waits are unlimited. */
  public boolean waits() {
    return patience.equals(ENDLESS);
  }

  /**
   * Returns the wait after the given number of failed attempts. Half of it is fixed and half is
   * random, so that clients that failed together do not retry together.
   *
   * @param failed number of failed attempts, 1 or more
   */
  public Duration backoff(int failed, RandomGenerator random) {
    Duration full = base;
    for (int i = 1; i < failed && full.compareTo(cap) < 0; i++) {
      full = full.multipliedBy(2);
    }
    long nanos = (full.compareTo(cap) < 0 ? full : cap).toNanos();
    return Duration.ofNanos(nanos / 2 + random.nextLong(nanos - nanos / 2 + 1));
  }
}
