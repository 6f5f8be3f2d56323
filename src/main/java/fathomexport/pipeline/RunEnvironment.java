package fathomexport.pipeline;

import fathomexport.api.StopSignal;
import fathomexport.api.TimeSource;
import java.time.InstantSource;
import java.util.Map;

/**
 * What a run takes from outside its configuration.
 *
 * @param variables environment variables, for secrets
 * @param time the clock, and waiting for it
 * @param stop ends the run at a window's edge
 */
public record RunEnvironment(
    Map<String, String> variables, TimeSource time, StopSignal stop, RunListener listener) {
  public RunEnvironment {
    variables = Map.copyOf(variables);
  }

  /** With the waits of its clock, if that is a {@link TimeSource}; else real ones. */
  public static RunEnvironment of(
      Map<String, String> variables, InstantSource clock, RunListener listener) {
    return new RunEnvironment(variables, TimeSource.of(clock), new StopSignal(), listener);
  }

  /** Asks the run to end at a window's edge. */
  public void requestStop() {
    stop.stop();
  }
}
