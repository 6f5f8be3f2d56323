package fathomexport.api;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/** How a call ended. */
public sealed interface Outcome<T> {
  /** How the description of a call begins that the API did not answer. */
  String UNAVAILABLE = "the API is unavailable: ";

  /** How the description of a call begins whose answer makes no sense. */
  String UNUSABLE = "the API's answer is unusable: ";

  /** The answer, when there is one. */
  default Optional<T> value() {
    return this instanceof Success<T> success ? Optional.of(success.answer()) : Optional.empty();
  }

  /** The answer, read whole. */
  record Success<T>(T answer) implements Outcome<T> {}

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
    private static final Pattern NUMBER =
        Pattern.compile("(?<![\\d.,])(\\d{1,3}(?:[,_ ]\\d{3}){1,2}|\\d{1,9})(?![\\d])");

    /** The greatest number in the words below this one: the most that is allowed, if they say. */
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
      /** Retries of this site and report are used up: no further call of theirs will do better. */
      RETRIES_SPENT,
      /** The API seems to be down; the next call waits, then tries again. */
      INTERRUPTED,
      /** The API has been down for as long as the run is patient. */
      DOWN,
      /** The API asks for a longer wait than the run sits out. */
      CLOSED
    }

    /** Whether no further request of this run can succeed. */
    public boolean endsRun() {
      return cause == Cause.DOWN || cause == Cause.CLOSED;
    }

    @Override
    public String describe() {
      return endsRun() ? reason : UNAVAILABLE + reason;
    }

    @Override
    public <U> Unavailable<U> as() {
      return new Unavailable<>(reason, cause);
    }
  }

  /**
   * No connection can be set up with these settings, now or later.
   *
   * @param reason what is wrong, and what to do
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
   * The run may make no further request: those that it was given are used up.
   *
   * @param most how many it was given
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
   * The API answers, but with something that cannot be used, retries included.
   *
   * @param lasting whether the same would come again another time: what was asked for is not what
   *     the API gives; else it may be a page of something that stands in front of it
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
  }
}
