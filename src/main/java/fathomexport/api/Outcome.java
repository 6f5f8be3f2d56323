package fathomexport.api;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/** How a call ended. */
public sealed interface Outcome<T> {

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
      return "the API's answer is unusable: " + reason;
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
