package fathomexport.sink.postgres.lease;

import java.time.Duration;

/**
 * The limits of a quota.
 *
 * @param perWindow requests that the API allows in a window of time
 * @param window the length of that window
 * @param maxInFlight requests under way at once, over all runs
 * @param lease how long after it was taken a permit's request has certainly ended. A holder that
 *     has not sent the request by then, minus the longest call, must not send it
 */
public record QuotaLimits(int perWindow, Duration window, int maxInFlight, Duration lease) {
  public QuotaLimits {
    if (perWindow < 1
        || maxInFlight < 1
        || window.isNegative()
        || window.isZero()
        || lease.isNegative()
        || lease.isZero()) {
      throw new IllegalArgumentException(
          "permits: "
              + perWindow
              + " in "
              + window
              + ", "
              + maxInFlight
              + " in flight, for "
              + lease);
    }
  }
}
