package fathomexport.api;

import java.time.Duration;
import java.time.Instant;

/** Is told of every request, as it happens. Thread-safe, quick, and throws nothing. */
@FunctionalInterface
public interface RequestListener {
  RequestListener NONE = event -> {};

  void on(Event event);

  /** Something that happened to a request. */
  sealed interface Event {
    Endpoint endpoint();

    /**
     * A request goes out.
     *
     * @param attempt 1 for the first of a call
     */
    record Sent(Endpoint endpoint, int attempt) implements Event {}

    /**
     * An answer ended, or is given up.
     *
     * @param usable whether it was read to its end and made sense
     */
    record Answered(Endpoint endpoint, int attempt, boolean usable, Duration took)
        implements Event {}

    /** The answer was 429: more requests were made than the API grants. */
    record Limited(Endpoint endpoint) implements Event {}

    /** A request waits, for a permit or before a retry. */
    record Waiting(Endpoint endpoint, Instant until) implements Event {}

    /**
     * A request waits for longer than the quota alone makes it: once per wait.
     *
     * @param reason for people
     */
    record LongWait(Endpoint endpoint, Instant until, String reason) implements Event {}
  }
}
