package fathomexport.api.pacing;

import java.time.Instant;
import java.util.function.Consumer;

/** Grants permits for requests; no request is sent without one. Thread-safe. */
public interface Permits extends AutoCloseable {
  /**
   * A wait for a permit.
   *
   * @param until when a permit is free
   * @param asked true if the API requested the wait; false if the quota is used up until then
   */
  record Wait(Instant until, boolean asked) {}

  /**
   * Waits for a permit to make one request.
   *
   * @param waiting receives the end and the reason of the wait whenever the end becomes known or
   *     changes; must be quick. If it throws an unchecked exception, the wait ends and the caller
   *     receives the exception
   * @throws StoppedException if a stop is requested before a permit is free
   */
  Permit acquire(Consumer<Wait> waiting) throws InterruptedException, StoppedException;

  /** Grants no permit before this time, because the API requested a wait. */
  void deferUntil(Instant time);

  @Override
  default void close() {}

  /** The right to make one request. */
  interface Permit extends AutoCloseable {
    /**
     * Called right before the request is sent.
     *
     * @return false if the permit has expired: this process was suspended for so long that another
     *     one may hold the permit by now
     */
    default boolean begin() {
      return true;
    }

    /** Records that the API reported an exceeded limit. */
    default void limited() {}

    /** Records that the response has ended. Further calls have no effect. */
    @Override
    void close();
  }
}
