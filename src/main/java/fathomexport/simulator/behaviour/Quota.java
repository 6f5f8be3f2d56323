package fathomexport.simulator.behaviour;

import java.time.Duration;
import java.util.Objects;

/**
 * The number of requests of one kind that a user may send.
 *
 * @param size requests per window; the capacity of a token bucket
 * @param window the window's length; the time in which an empty token bucket becomes full
 */
public record Quota(Model model, int size, Duration window) {
  /** The kind of window, which the documentation does not specify. */
  public enum Model {
    /** A window starts with the first request after the previous window ended. */
    FIXED_FROM_FIRST_HIT,
    /** Windows start at whole multiples of their length, for example on the minute. */
    CALENDAR,
    /** At most {@code size} requests are admitted in any period of the window's length. */
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

  /** Creates a quota of this number of requests per minute. */
  public static Quota aMinute(Model model, int size) {
    return new Quota(model, size, Duration.ofMinutes(1));
  }

  /** Creates a quota without a limit. */
  public static Quota none() {
    return aMinute(Model.NONE, 1);
  }
}
