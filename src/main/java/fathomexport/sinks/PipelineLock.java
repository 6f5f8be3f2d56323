package fathomexport.sinks;

import fathomexport.ledger.PipelineLocks.RunLock;
import fathomexport.report.Closing;
import fathomexport.sink.Fence;
import java.util.LinkedHashMap;
import java.util.Map;

/** A pipeline's lock in all sinks that it writes to. */
public final class PipelineLock implements AutoCloseable {
  private final String pipeline;
  private final Map<String, RunLock> locks;

  /**
   * @param locks one lock per sink, keyed by the sink's name
   */
  PipelineLock(String pipeline, Map<String, RunLock> locks) {
    this.pipeline = pipeline;
    this.locks = new LinkedHashMap<>(locks);
  }

  /** Returns the fences of the commits, keyed by the sink's name. */
  public Map<String, Fence> fences() {
    Map<String, Fence> fences = new LinkedHashMap<>();
    locks.forEach((sink, lock) -> fences.put(sink, new Fence(pipeline, lock.epoch())));
    return fences;
  }

  /**
   * Returns whether this run still holds all locks.
   *
   * @throws fathomexport.ledger.LedgerException if that cannot be determined
   */
  public boolean stillHeld() {
    return locks.values().stream().allMatch(RunLock::stillHeld);
  }

  @Override
  public void close() {
    Closing.inReverse(locks.values());
  }
}
