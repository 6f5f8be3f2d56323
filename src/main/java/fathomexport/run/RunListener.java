package fathomexport.run;

import java.time.Instant;
import java.util.List;

/** Is told how a run gets on, for a person or a log. Thread-safe and quick. */
public interface RunListener {
  /** Nobody listens. */
  RunListener NONE = new RunListener() {};

  /** The plan stands. */
  default void planned(PlannedRun run) {}

  /** A request that is billed goes out. */
  default void requestSent() {}

  /** An answer was 429: the API's quota was reached. */
  default void limited() {}

  /** The next request waits for the quota, or for a retry. */
  default void waiting(Instant until) {}

  /**
   * A wait begins that is longer than the quota alone makes it: once per wait.
   *
   * @param reason for people
   */
  default void waitingLong(Instant until, String reason) {}

  /** Something that whoever runs this should know, and that fails nothing. */
  default void notice(String message) {}

  /** Rows were read from an answer. */
  default void rowsFetched(long rows) {}

  /** A window ended. */
  default void windowEnded(WindowOutcome outcome) {}

  /** One that tells all of these, in their order. */
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
    };
  }
}
