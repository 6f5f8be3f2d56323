package fathomexport.api;

import fathomexport.api.answer.Refusal;
import java.io.Serializable;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/** The result of a call. */
public sealed interface Outcome<T> {
  /** Prefix of the description of a call that the API did not respond to. */
  String UNAVAILABLE = "the API is unavailable: ";

  /** Prefix of the description of a call whose response cannot be used. */
  String UNUSABLE = "the API's answer is unusable: ";

  /** Returns the answer of a successful call. */
  default Optional<T> value() {
    return this instanceof Success<T> success ? Optional.of(success.answer()) : Optional.empty();
  }

  /** Returns the failure of a call without an answer, with another type parameter. */
  default <U> Failure<U> failure() {
    if (this instanceof Failure<T> failure) {
      return failure.as();
    }
    throw new IllegalStateException("not a failure: " + getClass());
  }

  /** The complete answer. */
  record Success<T>(T answer) implements Outcome<T> {}

  /** A call without an answer. */
  sealed interface Failure<T> extends Outcome<T> {
    /** Describes the failure on one line for people; includes the API's message if there is one. */
    String describe();

    /** Returns the same failure with another type parameter. */
    <U> Failure<U> as();
  }

  /**
   * The API refuses the request. A retry would not help.
   *
   * @param status the HTTP status
   * @param refusal the reason
   * @param words the API's message, shortened; never includes the token
   * @param mentionsRange whether the message or fields mention dates at all: wider than {@link
   *     Refusal#RANGE}
   */
  record Refused<T>(int status, Refusal refusal, String words, boolean mentionsRange)
      implements Failure<T>, Serializable {
    private static final Pattern NUMBER =
        Pattern.compile("(?<![\\d.,])(\\d{1,3}(?:[,_ ]\\d{3}){1,2}|\\d{1,9})(?![\\d])");

    /**
     * Returns the greatest number in the message below {@code asked}: the allowed maximum, if the
     * message gives it.
     */
    public OptionalInt numberBelow(int asked) {
      return NUMBER
          .matcher(words)
          .results()
          .mapToInt(n -> Integer.parseInt(n.group().replaceAll("[,_ ]", "")))
          .filter(n -> n > 0 && n < asked)
          .max();
    }

    @Override
    public String describe() {
      return "the API refuses with " + status + ": " + words;
    }

    @Override
    public <U> Refused<U> as() {
      return new Refused<>(status, refusal, words, mentionsRange);
    }
  }

  /** The API was unavailable, even after retries. Trying again later may help. */
  record Unavailable<T>(String reason, Cause cause) implements Failure<T> {
    /** What ended the call. */
    public enum Cause {
      /** All attempts of the call failed. */
      ATTEMPTS,
      /**
       * The retries of this site and report are used up; its further calls get no retries either.
       */
      RETRIES_SPENT,
      /** The API appears to be down; the next call waits and then tries again. */
      INTERRUPTED,
      /**
       * The API asks that nothing is sent about this site before a time; until then, the site's
       * calls end without a request.
       */
      HELD,
      /**
       * The API has answered no query about this site for the whole patience of the run, although
       * it answers for the account.
       */
      SITE_DOWN,
      /** The API has been down for the whole patience of the run. */
      DOWN,
      /** The API requests a longer wait than the run accepts. */
      CLOSED
    }

    /** Returns whether no further request of this run can succeed. */
    public boolean endsRun() {
      return cause == Cause.DOWN || cause == Cause.CLOSED;
    }

    @Override
    public String describe() {
      return cause == Cause.CLOSED ? reason : UNAVAILABLE + reason;
    }

    @Override
    public <U> Unavailable<U> as() {
      return new Unavailable<>(reason, cause);
    }
  }

  /**
   * These settings do not allow a connection, now or later.
   *
   * @param reason the error and how to fix it
   */
  record Misconfigured<T>(String reason) implements Failure<T> {
    @Override
    public String describe() {
      return "the API cannot be reached as configured: " + reason;
    }

    @Override
    public <U> Misconfigured<U> as() {
      return new Misconfigured<>(reason);
    }
  }

  /**
   * The run has used all its requests and may make no further one.
   *
   * @param most the maximum number of requests of the run
   */
  record Spent<T>(long most) implements Failure<T> {
    @Override
    public String describe() {
      return "the run's budget is used up: it may make no more than " + most + " requests";
    }

    @Override
    public <U> Spent<U> as() {
      return new Spent<>(most);
    }
  }

  /**
   * The response cannot be used, even after retries.
   *
   * @param lasting whether a later call would return the same, because the API does not provide
   *     what was requested; if false, the response may be a page of a proxy in front of the API
   */
  record Malformed<T>(String reason, boolean lasting) implements Failure<T> {
    @Override
    public String describe() {
      return UNUSABLE + reason;
    }

    @Override
    public <U> Malformed<U> as() {
      return new Malformed<>(reason, lasting);
    }
  }

  /**
   * A stop was requested, or the thread was interrupted, before the response ended. The thread's
   * interrupt flag remains set.
   */
  record Stopped<T>() implements Failure<T> {
    @Override
    public String describe() {
      return "stopped as requested";
    }

    @Override
    public <U> Stopped<U> as() {
      return new Stopped<>();
    }
  }
}
