package fathomexport.api;

import java.io.Serializable;
import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How often and when a failed call is made again.
 *
 * @param maxAttempts requests for one call, the first included
 * @param base wait before the second attempt; doubles with each further one
 * @param cap longest wait of our own choosing
 * @param longestAskedWait longest wait for the API, by {@code Retry-After} or for its quota, that a
 *     run sits out; a longer one ends the call
 * @param patience how long a run tries an API that does not answer before it counts as down
 */
public record RetryPolicy(
    int maxAttempts, Duration base, Duration cap, Duration longestAskedWait, Duration patience)
    implements Serializable {

  public static final Duration DEFAULT_PATIENCE = Duration.ofMinutes(10);

  /** Longer than any run; counted in nanoseconds it is still a number. */
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

  /** The same, with this much patience. */
  public RetryPolicy withPatience(Duration time) {
    return new RetryPolicy(maxAttempts, base, cap, longestAskedWait, time);
  }

  /** The same, but sits out whatever the API asks for, and an API that is down. */
  public RetryPolicy waiting() {
    return new RetryPolicy(maxAttempts, base, cap, ENDLESS, ENDLESS);
  }

  /** Whether everything is sat out. */
  public boolean waits() {
    return patience.equals(ENDLESS);
  }

  /**
   * The wait after the given number of failed attempts: half of it fixed, half of it chance, so
   * that clients that failed together do not come back together.
   *
   * @param failed 1 or more
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
