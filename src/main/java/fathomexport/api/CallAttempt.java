package fathomexport.api;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The result of one request. */
sealed interface CallAttempt<T> {
  /** A complete and usable response. */
  record Usable<T>(T answer) implements CallAttempt<T> {}

  /** The API refused the request. It is not retried. */
  record Refused<T>(Outcome.Refused<T> refusal) implements CallAttempt<T> {}

  /** No usable response; a retry may succeed. */
  record Faulty<T>(String reason, Fault fault, @Nullable Duration retryAfter)
      implements CallAttempt<T> {}

  /** The settings do not allow a connection. The request is not retried. */
  record Misconfigured<T>(String reason) implements CallAttempt<T> {}

  /** A stop was requested while the request was in progress. */
  record Stopped<T>() implements CallAttempt<T> {}

  /** The request was not sent, because its permit had expired. */
  record Lapsed<T>() implements CallAttempt<T> {}

  /** The kind of fault. */
  enum Fault {
    /** A status that reports unavailability, a broken connection, or an expired deadline. */
    UNAVAILABLE,
    /** No connection came about, so nothing was sent. */
    UNREACHABLE,
    /** Status 429: a limit was exceeded. */
    LIMIT,
    /** A response that cannot be used. */
    MALFORMED,
    /** A complete response of an unexpected form. It is retried exactly once. */
    OF_OTHER_FORM,
    /** A response that cannot be used; a retry would return the same. */
    MALFORMED_FOR_GOOD
  }
}
