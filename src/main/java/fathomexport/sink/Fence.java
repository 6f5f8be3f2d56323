package fathomexport.sink;

import java.io.Serializable;

/**
 * The condition of a commit: this run must be the last one that took the pipeline's lock.
 *
 * @param epoch the lock's epoch when this run took it
 */
public record Fence(String pipeline, long epoch) implements Serializable {
  /** Returns the exception that refuses a commit after another run has taken the lock. */
  public SinkException superseded() {
    return new SinkException(
        SinkException.Kind.SUPERSEDED,
        "another run of pipeline "
            + pipeline
            + " has taken the lock, because this one was suspended or had lost it; it"
            + " stores nothing more",
        null);
  }
}
