package fathomexport.api;

import java.util.Optional;
import java.util.function.Function;

/** How a call ended. Which kind, {@link #match} asks exhaustively. */
public sealed interface Outcome<T> {

  /** One function a kind. */
  <R> R match(
      Function<Success<T>, R> success,
      Function<Refused<T>, R> refused,
      Function<Unavailable<T>, R> unavailable,
      Function<Malformed<T>, R> malformed,
      Function<Stopped<T>, R> stopped);

  /** The answer, when there is one. */
  default Optional<T> value() {
    return this instanceof Success<T> success ? Optional.of(success.answer()) : Optional.empty();
  }

  /** The answer, read whole. */
  record Success<T>(T answer) implements Outcome<T> {
    @Override
    public <R> R match(
        Function<Success<T>, R> success,
        Function<Refused<T>, R> refused,
        Function<Unavailable<T>, R> unavailable,
        Function<Malformed<T>, R> malformed,
        Function<Stopped<T>, R> stopped) {
      return success.apply(this);
    }
  }

  /** No answer. */
  sealed interface Failure<T> extends Outcome<T> {
    /** One line for people: what happened, in the API's own words where it gave any. */
    String describe();

    /** The same failure, of a call for something else. */
    <U> Failure<U> as();
  }

  /**
   * The API refuses the question; asking again would not help.
   *
   * @param words the API's own, shortened; never the token
   * @param mentionsRange whether the words or fields have to do with dates at all: wider than
   *     {@link Refusal#RANGE}
   */
  record Refused<T>(int status, Refusal refusal, String words, boolean mentionsRange)
      implements Failure<T> {
    @Override
    public String describe() {
      return "the API refuses with " + status + ": " + words;
    }

    @Override
    public <U> Refused<U> as() {
      return new Refused<>(status, refusal, words, mentionsRange);
    }

    @Override
    public <R> R match(
        Function<Success<T>, R> success,
        Function<Refused<T>, R> refused,
        Function<Unavailable<T>, R> unavailable,
        Function<Malformed<T>, R> malformed,
        Function<Stopped<T>, R> stopped) {
      return refused.apply(this);
    }
  }

  /**
   * The API could not be had, retries included; later it may.
   *
   * @param budgetSpent whether the run's retry budget is what ended it
   */
  record Unavailable<T>(String reason, boolean budgetSpent) implements Failure<T> {
    @Override
    public String describe() {
      return "the API is unavailable: " + reason;
    }

    @Override
    public <U> Unavailable<U> as() {
      return new Unavailable<>(reason, budgetSpent);
    }

    @Override
    public <R> R match(
        Function<Success<T>, R> success,
        Function<Refused<T>, R> refused,
        Function<Unavailable<T>, R> unavailable,
        Function<Malformed<T>, R> malformed,
        Function<Stopped<T>, R> stopped) {
      return unavailable.apply(this);
    }
  }

  /** The API answers, but with something that cannot be used, retries included. */
  record Malformed<T>(String reason) implements Failure<T> {
    @Override
    public String describe() {
      return "the API's answer is unusable: " + reason;
    }

    @Override
    public <U> Malformed<U> as() {
      return new Malformed<>(reason);
    }

    @Override
    public <R> R match(
        Function<Success<T>, R> success,
        Function<Refused<T>, R> refused,
        Function<Unavailable<T>, R> unavailable,
        Function<Malformed<T>, R> malformed,
        Function<Stopped<T>, R> stopped) {
      return malformed.apply(this);
    }
  }

  /** A stop was asked, or the thread was interrupted (and still is), before the answer's end. */
  record Stopped<T>() implements Failure<T> {
    @Override
    public String describe() {
      return "a stop was asked";
    }

    @Override
    public <U> Stopped<U> as() {
      return new Stopped<>();
    }

    @Override
    public <R> R match(
        Function<Success<T>, R> success,
        Function<Refused<T>, R> refused,
        Function<Unavailable<T>, R> unavailable,
        Function<Malformed<T>, R> malformed,
        Function<Stopped<T>, R> stopped) {
      return stopped.apply(this);
    }
  }
}
