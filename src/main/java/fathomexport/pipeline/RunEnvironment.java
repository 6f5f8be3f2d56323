package fathomexport.pipeline;

import fathomexport.api.StopSignal;
import fathomexport.api.TimeSource;
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

  RunEnvironment with(RunListener other) {
    return new RunEnvironment(variables, time, stop, other);
  }
}
