package fathomexport.ledger;

import java.util.Optional;

/** The locks on pipelines: at most one run of each pipeline is active. */
public interface PipelineLocks {

  /**
   * Takes the lock on a pipeline. Closing frees it, and so does the death of the process.
   *
   * @return empty if another run holds the lock
   */
  Optional<RunLock> tryLock(String pipeline);

  /** A held lock. */
  interface RunLock extends AutoCloseable {
    /**
     * Returns the epoch of the lock, which grows each time the pipeline's lock is taken. It fences
     * the commits.
     */
    long epoch();

    /**
     * Returns whether this run still holds the lock. A lock that was lost with its connection is
     * taken again unless another run has taken it in between.
     *
     * @throws LedgerException if that cannot be determined
     */
    boolean stillHeld();

    @Override
    void close();
  }
}
