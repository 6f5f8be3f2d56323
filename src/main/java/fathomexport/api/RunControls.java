package fathomexport.api;

import fathomexport.api.pacing.Permits;
import fathomexport.api.pacing.ProcessPermits;
import fathomexport.api.pacing.RetryBudget;
import fathomexport.api.pacing.StopSignal;
import fathomexport.api.pacing.TimeSource;
import java.time.Duration;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * The objects that the clients of one run share.
 *
 * @param reports permits for {@code /aggregations} and {@code /current_visitors}
 * @param lookups permits for all other endpoints
 * @param budgets creates the retry budget of one site and report
 * @param random source of the jitter of retries; used by several threads
 */
public record RunControls(
    Permits reports,
    Permits lookups,
    Supplier<RetryBudget> budgets,
    StopSignal stop,
    RequestListener listener,
    TimeSource time,
    RandomGenerator random) {

  /** The quota of the endpoints that are not billed, in requests per {@link #LOOKUPS_WINDOW}. */
  public static final int LOOKUPS_PER_WINDOW = 2000;

  public static final Duration LOOKUPS_WINDOW = Duration.ofHours(1);

  /** Creates the controls with permits of this process only and the clock of this machine. */
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
        RetryBudget::ofASiteAndReport,
        stop,
        listener,
        time,
        new java.util.Random());
  }

  /** Creates the hourly permits of the endpoints that are not billed, for this process only. */
  public static Permits lookupPermits(ApiSettings settings, TimeSource time, StopSignal stop) {
    return new ProcessPermits(
        LOOKUPS_PER_WINDOW, LOOKUPS_WINDOW, settings.maxInFlight(), time, stop);
  }
}
