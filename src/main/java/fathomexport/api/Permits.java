package fathomexport.api;

import java.time.Instant;
import java.util.function.Consumer;

/** The only way to a request. Thread-safe. */
public interface Permits {

  /**
   * Waits for a permit to make one request.
   *
   * @param waiting told, whenever the wait's end becomes known or changes, when that is; quick, and
   *     throws nothing
   * @throws StoppedException when a stop was asked before a permit was free
   */
  Permit acquire(Consumer<Instant> waiting) throws InterruptedException, StoppedException;

  /** Gives no permit before this time, to anybody: the API has asked for it. */
  void deferUntil(Instant time);

  /** The right to one request. */
  interface Permit extends AutoCloseable {
    /** The answer has ended. Further calls do nothing. */
    @Override
    void close();
  }
}
