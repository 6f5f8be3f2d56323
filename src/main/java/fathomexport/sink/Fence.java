package fathomexport.sink;

import java.io.Serializable;

/**
 * What a run must still be to commit: the last one that took its pipeline's lock.
 *
 * @param epoch that the lock had when this run took it
 */
public record Fence(String pipeline, long epoch) implements Serializable {
  /** The refusal of a commit, when another run has taken the lock. */
  public SinkException superseded() {
    return new SinkException(
        SinkException.Kind.SUPERSEDED,
        "another run of pipeline "
            + pipeline
            + " has taken over, while this one stood still or had lost its lock; nothing was"
            + " stored",
        null);
  }
}
