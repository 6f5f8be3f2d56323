package fathomexport.run;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Receives the progress events of a run. Implementations must be thread-safe and fast. */
public interface RunListener {
  /** Ignores all events. */
  RunListener NONE = new RunListener() {};

  /** The plan is complete. */
  default void planned(PlannedRun run) {}

  /** A billed request is sent. */
  default void requestSent() {}

  /** A response was 429: the API's quota is exhausted. */
  default void limited() {}

  /** The next request waits for the quota or for a retry. */
  default void waiting(Instant until) {}

  /**
   * A wait begins that is longer than the quota alone requires. Reported once per wait.
   *
   * @param reason for people
   */
  default void waitingLong(Instant until, String reason) {}

  /**
   * The run has come a step further, or waits for one, while no window ends yet. Nothing is wrong.
   */
  default void underWay(String message) {}

  /** The run reports something that its operator should know and that is not a failure. */
  default void notice(String message) {}

  /** Rows were read from a response. */
  default void rowsFetched(long rows) {}

  /** A window ended. */
  default void windowEnded(WindowOutcome outcome) {}

  /** An earlier attempt at the same lane of this run had committed a window. */
  default void windowEndedBefore(WindowOutcome outcome) {}

  /**
   * No further request is sent, or none about an account's sites.
   *
   * @param account null for the whole run
   */
  default void halted(@Nullable String account, WindowOutcome reason) {}

  /** Creates a listener that passes every event to all of these, in order. */
  static RunListener all(List<RunListener> listeners) {
    List<RunListener> each = List.copyOf(listeners);
    return new RunListener() {
      @Override
      public void planned(PlannedRun run) {
        each.forEach(l -> l.planned(run));
      }

      @Override
      public void requestSent() {
        each.forEach(RunListener::requestSent);
      }

      @Override
      public void limited() {
        each.forEach(RunListener::limited);
      }

      @Override
      public void waiting(Instant until) {
        each.forEach(l -> l.waiting(until));
      }

      @Override
      public void waitingLong(Instant until, String reason) {
        each.forEach(l -> l.waitingLong(until, reason));
      }

      @Override
      public void underWay(String message) {
        each.forEach(l -> l.underWay(message));
      }

      @Override
      public void notice(String message) {
        each.forEach(l -> l.notice(message));
      }

      @Override
      public void rowsFetched(long rows) {
        each.forEach(l -> l.rowsFetched(rows));
      }

      @Override
      public void windowEnded(WindowOutcome outcome) {
        each.forEach(l -> l.windowEnded(outcome));
      }

      @Override
      public void windowEndedBefore(WindowOutcome outcome) {
        each.forEach(l -> l.windowEndedBefore(outcome));
      }

      @Override
      public void halted(@Nullable String account, WindowOutcome reason) {
        each.forEach(l -> l.halted(account, reason));
      }
    };
  }
}
