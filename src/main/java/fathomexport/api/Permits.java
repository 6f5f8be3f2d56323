package fathomexport.api;

import java.time.Instant;
import java.util.function.Consumer;

/** The only way to a request. Thread-safe. */
public interface Permits extends AutoCloseable {
  /**
   * A wait for a permit.
   *
   * @param until when one is free
   * @param asked whether it is the API that has asked for no request before; else it is the quota,
   *     which is used up until then
   */
  record Wait(Instant until, boolean asked) {}

  /**
   * Waits for a permit to make one request.
   *
   * @param waiting receives, whenever the wait's end becomes known or changes, when that is and
   *     why; quick. An unchecked exception that it throws gives up the wait and reaches the caller
   * @throws StoppedException when a stop was asked before a permit was free
   */
  Permit acquire(Consumer<Wait> waiting) throws InterruptedException, StoppedException;

  /** Gives no permit before this time, to anybody: the API has asked for it. */
  void deferUntil(Instant time);

  @Override
  default void close() {}

  /** The right to one request. */
  interface Permit extends AutoCloseable {
    /**
     * Asked right before the request is sent.
     *
     * @return false when the right has lapsed: this process stood still for so long that the permit
     *     may be another's by now
     */
    default boolean begin() {
      return true;
    }

    /** The answer is that a limit was exceeded. */
    default void limited() {}

    /** The answer has ended. Further calls do nothing. */
    @Override
    void close();
  }
}
