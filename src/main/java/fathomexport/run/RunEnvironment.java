package fathomexport.run;

import fathomexport.api.StopSignal;
import fathomexport.api.TimeSource;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.locks.Condition;

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

  /** With a clock of its own, and waits that take as long as they take. */
  public static RunEnvironment of(
      Map<String, String> variables, InstantSource clock, RunListener listener) {
    TimeSource system = TimeSource.system();
    TimeSource time =
        new TimeSource() {
          @Override
          public Instant instant() {
            return clock.instant();
          }

          @Override
          public long nanos() {
            return system.nanos();
          }

          @Override
          public void await(Condition condition, long nanos) throws InterruptedException {
            system.await(condition, nanos);
          }
        };
    return new RunEnvironment(variables, time, new StopSignal(), listener);
  }

  /** Asks the run to end at a window's edge. */
  public void requestStop() {
    stop.stop();
  }
}
