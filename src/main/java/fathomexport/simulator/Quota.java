package fathomexport.simulator;

import java.time.Duration;
import java.util.Objects;

/**
 * How many requests of one kind a user may send.
 *
 * @param size requests a window; the capacity of a token bucket
 * @param window the window's length; the time in which an empty token bucket is full again
 */
public record Quota(Model model, int size, Duration window) {
  /** What the documentation leaves open: which kind of window it is. */
  public enum Model {
    /** A window starts with the first request after the last window ended. */
    FIXED_FROM_FIRST_HIT,
    /** Windows start at whole multiples of their length, such as on the minute. */
    CALENDAR,
    /** No more than {@code size} admitted in any stretch of the window's length. */
    SLIDING,
    /** Starts full and refills evenly. */
    TOKEN_BUCKET,
    /** No limit. */
    NONE
  }

  public Quota {
    Objects.requireNonNull(model, "model");
    if (size < 1) {
      throw new IllegalArgumentException("size must be at least 1: " + size);
    }
    if (window.isNegative() || window.isZero()) {
      throw new IllegalArgumentException("window must be positive: " + window);
    }
  }

  /** So many requests a minute. */
  public static Quota aMinute(Model model, int size) {
    return new Quota(model, size, Duration.ofMinutes(1));
  }

  /** No limit. */
  public static Quota none() {
    return aMinute(Model.NONE, 1);
  }
}
