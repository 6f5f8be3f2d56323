package fathomexport.api;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** How one request ended. */
sealed interface Attempt<T> {
  /** A whole and usable answer. */
  record Usable<T>(T answer) implements Attempt<T> {}

  /** A refusal: not to be repeated. */
  record Refused<T>(Outcome.Refused<T> refusal) implements Attempt<T> {}

  /** Nothing usable, but the next attempt may bring it. */
  record Faulty<T>(String reason, Fault fault, @Nullable Duration retryAfter)
      implements Attempt<T> {}

  /** No connection can be set up with these settings: not to be repeated. */
  record Misconfigured<T>(String reason) implements Attempt<T> {}

  /** A stop was asked while it was under way. */
  record Stopped<T>() implements Attempt<T> {}

  /** Not sent: the permit had lapsed. */
  record Lapsed<T>() implements Attempt<T> {}

  /** What kind of fault. */
  enum Fault {
    /** A status that says so, a connection fault, a deadline. */
    UNAVAILABLE,
    /** 429. */
    LIMIT,
    /** An answer that is none. */
    MALFORMED,
    /** A whole answer of a form that answers never have: asked for once more, and no more. */
    OF_OTHER_FORM,
    /** An answer that is none, and would be none again. */
    MALFORMED_FOR_GOOD
  }
}
