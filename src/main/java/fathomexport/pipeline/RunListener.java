package fathomexport.pipeline;

import java.time.Instant;

/** Is told how a run gets on, for a person or a log. Thread-safe and quick. */
public interface RunListener {
  /** Nobody listens. */
  RunListener NONE = new RunListener() {};

  /** The plan stands. */
  default void planned(long windows, long leastRequests) {}

  /** A request that is billed goes out. */
  default void requestSent() {}

  /** The next request waits for the quota, or for a retry. */
  default void waiting(Instant until) {}

  /** Rows were read from an answer. */
  default void rowsFetched(long rows) {}

  /** A window ended. */
  default void windowEnded(WindowOutcome outcome) {}
}
