package fathomexport.api;

import java.time.Duration;
import java.time.Instant;

/**
 * Receives an event for every request as it happens. Implementations are thread-safe and quick, and
 * throw nothing.
 */
@FunctionalInterface
public interface RequestListener {
  RequestListener NONE = event -> {};

  void on(Event event);

  /** An event of a request. */
  sealed interface Event {
    Endpoint endpoint();

    /**
     * A request is sent. An attempt for which no connection comes about has no such event.
     *
     * @param attempt 1 for the first attempt of a call
     */
    record Sent(Endpoint endpoint, int attempt) implements Event {}

    /**
     * A response ended or was abandoned.
     *
     * @param usable whether the response was complete and valid
     * @param took duration of the request
     */
    record Answered(Endpoint endpoint, int attempt, boolean usable, Duration took)
        implements Event {}

    /** The response was 429: the API's limit on requests is exceeded. */
    record Limited(Endpoint endpoint) implements Event {}

    /** A request waits for a permit or before a retry. */
    record Waiting(Endpoint endpoint, Instant until) implements Event {}

    /**
     * A request waits for longer than the quota alone requires. Reported once per wait.
     *
     * @param reason the reason for people
     */
    record LongWait(Endpoint endpoint, Instant until, String reason) implements Event {}
  }
}
