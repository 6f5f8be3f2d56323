package fathomexport.api;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * What the clients of one run share.
 *
 * @param reports permits for {@code /aggregations} and {@code /current_visitors}
 * @param lookups permits for everything else
 * @param random for the jitter of retries; used by several threads
 */
public record RunControls(
    Permits reports,
    Permits lookups,
    RetryBudget budget,
    StopSignal stop,
    RequestListener listener,
    TimeSource time,
    RandomGenerator random) {

  private static final int LOOKUPS_PER_HOUR = 2000;

  /** Permits that this process keeps alone, on this machine's time. */
  public static RunControls inProcess(
      ApiSettings settings, StopSignal stop, RequestListener listener) {
    TimeSource time = TimeSource.system();
    return new RunControls(
        new ProcessPermits(
            settings.requestsPerMinute(),
            Duration.ofMinutes(1),
            settings.maxInFlight(),
            time,
            stop),
        lookupPermits(settings, time, stop),
        RetryBudget.ofARun(),
        stop,
        listener,
        time,
        new java.util.Random());
  }

  /** The hourly permits of the endpoints that are not billed. */
  public static Permits lookupPermits(ApiSettings settings, TimeSource time, StopSignal stop) {
    return new ProcessPermits(
        LOOKUPS_PER_HOUR, Duration.ofHours(1), settings.maxInFlight(), time, stop);
  }
}
