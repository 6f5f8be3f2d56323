package fathomexport.run;

import fathomexport.api.pacing.StopSignal;
import fathomexport.api.pacing.TimeSource;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The external inputs of a run that are not part of its configuration.
 *
 * @param variables environment variables, for secrets
 * @param time the clock, and waits by it
 * @param stop ends the run at a window boundary
 * @param databaseTime returns the time to use in place of the clock of the database that leases
 *     permits, or null to use the database's clock
 */
public record RunEnvironment(
    Map<String, String> variables,
    TimeSource time,
    StopSignal stop,
    RunListener listener,
    Supplier<@Nullable Instant> databaseTime) {
  public RunEnvironment {
    variables = Map.copyOf(variables);
  }

  /** Creates an environment that uses the database's clock for permits. */
  public RunEnvironment(
      Map<String, String> variables, TimeSource time, StopSignal stop, RunListener listener) {
    this(variables, time, stop, listener, () -> null);
  }

  /**
   * Creates an environment whose waits follow the clock if that is a {@link TimeSource}, and real
   * time otherwise.
   */
  public static RunEnvironment of(
      Map<String, String> variables, InstantSource clock, RunListener listener) {
    TimeSource time = TimeSource.of(clock);
    return time.isTheOnlyClock()
        ? new RunEnvironment(variables, time, new StopSignal(), listener, time::instant)
        : new RunEnvironment(variables, time, new StopSignal(), listener);
  }

  /** Returns the same environment with one more listener. */
  public RunEnvironment with(RunListener other) {
    return new RunEnvironment(
        variables, time, stop, RunListener.all(List.of(listener, other)), databaseTime);
  }

  /** Asks the run to end at a window boundary. */
  public void requestStop() {
    stop.stop();
  }

  /**
   * Waits on this clock.
   *
   * @throws InterruptedException if this thread was interrupted
   */
  public void pause(Duration length) throws InterruptedException {
    ReentrantLock lock = new ReentrantLock();
    Condition never = lock.newCondition();
    long end = time.nanos() + length.toNanos();
    lock.lock();
    try {
      for (long left = length.toNanos(); left > 0; left = end - time.nanos()) {
        time.await(never, left);
      }
    } finally {
      lock.unlock();
    }
  }
}
