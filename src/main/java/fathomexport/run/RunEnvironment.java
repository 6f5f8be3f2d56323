package fathomexport.run;

import fathomexport.api.StopSignal;
import fathomexport.api.TimeSource;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a run takes from outside its configuration.
 *
 * @param variables environment variables, for secrets
 * @param time the clock, and waiting for it
 * @param stop ends the run at a window's edge
 * @param databaseTime tells the time in place of the database that permits are leased from, and
 *     null to leave it to that
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

  /** With the database's own time. */
  public RunEnvironment(
      Map<String, String> variables, TimeSource time, StopSignal stop, RunListener listener) {
    this(variables, time, stop, listener, () -> null);
  }

  /** With the waits of its clock, if that is a {@link TimeSource}; else real ones. */
  public static RunEnvironment of(
      Map<String, String> variables, InstantSource clock, RunListener listener) {
    TimeSource time = TimeSource.of(clock);
    return time.isTheOnlyClock()
        ? new RunEnvironment(variables, time, new StopSignal(), listener, time::instant)
        : new RunEnvironment(variables, time, new StopSignal(), listener);
  }

  /** Asks the run to end at a window's edge. */
  public void requestStop() {
    stop.stop();
  }
}
