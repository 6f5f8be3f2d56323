package fathomexport.ledger;

import java.util.Optional;

/** The locks on pipelines: one run of each is under way at a time. */
public interface PipelineLocks {

  /**
   * Takes the lock on a pipeline. Freed by closing, and at once when the process dies.
   *
   * @return empty when another run holds it
   */
  Optional<RunLock> tryLock(String pipeline);

  /** A held lock. */
  interface RunLock extends AutoCloseable {
    /** Grows with each taking of the pipeline's lock: what a commit is fenced by. */
    long epoch();

    /**
     * Whether the lock is still this run's. One that was lost, as with the connection that held it,
     * is taken again when nobody has taken it in between.
     *
     * @throws LedgerException when that cannot be found out
     */
    boolean stillHeld();

    @Override
    void close();
  }
}
