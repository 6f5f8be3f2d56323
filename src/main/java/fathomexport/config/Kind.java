package fathomexport.config;

import fathomexport.report.ApiNamed;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What the value of a {@link Key} may be, and what it is when the key is left out. */
sealed interface Kind {

  /**
   * A single value that is taken as it is written.
   *
   * @param pattern what is found in it, in the syntax that Java and ECMAScript share; null for any
   * @param otherwise what an editor says of a text without it; null when there is no pattern
   * @param refused texts that it is none of
   * @param shortest fewest characters
   * @param longest most characters
   * @param byDefault null when there is none
   */
  record Text(
      @Nullable String pattern,
      @Nullable String otherwise,
      Set<String> refused,
      int shortest,
      int longest,
      @Nullable String byDefault)
      implements Kind {

    /** Any text, the empty one too. */
    static final Text ANY = new Text(null, null, Set.of(), 0, Integer.MAX_VALUE, null);

    /** A text that is not blank. */
    static final Text FILLED = ANY.finding("[^ \\t\\r\\n]", "must not be empty");

    /** A text that as a whole matches. */
    static Text matching(Pattern whole, String otherwise) {
      return ANY.finding("^(" + whole.pattern() + ")$", otherwise);
    }

    /** A text in which a pattern is found. */
    Text finding(String part, String otherwise) {
      return new Text(part, otherwise, refused, shortest, longest, byDefault);
    }

    /** Of these, a text in which a pattern is not found. */
    Text without(String part, String otherwise) {
      String found = pattern == null ? "" : pattern;
      String rest = found.startsWith("^") ? found.substring(1) : "[\\s\\S]*" + found;
      return finding("^(?![\\s\\S]*(" + part + "))" + rest, otherwise);
    }

    Text refusing(Set<String> texts) {
      return new Text(pattern, otherwise, texts, shortest, longest, byDefault);
    }

    Text ofLength(int least, int most) {
      return new Text(pattern, otherwise, refused, least, most, byDefault);
    }

    Text orElse(String text) {
      return new Text(pattern, otherwise, refused, shortest, longest, text);
    }

    boolean matches(String text) {
      return pattern == null || Pattern.compile(pattern).matcher(text).find();
    }
  }

  /**
   * A whole number.
   *
   * @param byDefault null when there is none
   */
  record WholeNumber(int least, int most, @Nullable Integer byDefault) implements Kind {}

  /** A duration with its unit. */
  record Span(Duration least, Duration most, Duration byDefault) implements Kind {
    /** How a duration is written. */
    static final Pattern WRITTEN = Pattern.compile("(0|[1-9][0-9]{0,8})(ms|s|m|h)");

    /** As it is written: in hours, else from two minutes on in minutes, where they are whole. */
    static String written(Duration duration) {
      if (duration.toMillis() % 1000 != 0) {
        return duration.toMillis() + "ms";
      }
      long seconds = duration.toSeconds();
      if (seconds < 120 || seconds % 60 != 0) {
        return seconds + "s";
      }
      return seconds % 3600 == 0 ? duration.toHours() + "h" : duration.toMinutes() + "m";
    }

    /** In words. */
    String allowed() {
      return "a number with ms, s, m or h, from " + written(least) + " to " + written(most);
    }
  }

  /**
   * One of a few names.
   *
   * @param byDefault null when there is none
   */
  record Choice(List<String> names, @Nullable String byDefault) implements Kind {
    public Choice {
      names = List.copyOf(names);
    }

    static Choice of(List<String> names) {
      return new Choice(names, null);
    }

    /** The constants of a type that the predicate takes. */
    static <E extends Enum<E> & ApiNamed> Choice of(Class<E> type, Predicate<E> which) {
      return of(
          Arrays.stream(type.getEnumConstants()).filter(which).map(ApiNamed::apiName).toList());
    }

    Choice orElse(String name) {
      return new Choice(names, name);
    }
  }

  /** A list that has an item, and none twice. */
  record ListOf(Kind item) implements Kind {}

  /** The word {@code all}, or a list. */
  record AllOr(ListOf list) implements Kind {}

  /** A group of keys, and what they demand of each other. */
  record Group(List<Key<?>> keys, List<Rule> rules) implements Kind {
    public Group {
      keys = List.copyOf(keys);
      rules = List.copyOf(rules);
    }

    static Group of(Key<?>... keys) {
      return new Group(List.of(keys), List.of());
    }

    Group with(Rule... more) {
      return new Group(keys, List.of(more));
    }

    List<String> names() {
      return keys.stream().<String>map(Key::name).toList();
    }
  }

  /** What keys of one group demand of each other. */
  sealed interface Rule {

    /** Exactly one of these keys is there. */
    record OneOf(List<String> names) implements Rule {
      public OneOf {
        names = List.copyOf(names);
      }
    }

    /** Where one key is there, the other is. */
    record Needs(String name, String other) implements Rule {}

    /**
     * What holds where a key is there.
     *
     * @param values of that key for which it holds; none for any
     * @param required keys that then must be there
     * @param refused keys that then must not
     * @param narrowed keys with what is then left of their kinds
     */
    record Where(
        String name,
        List<String> values,
        List<String> required,
        List<String> refused,
        List<Key<?>> narrowed)
        implements Rule {
      public Where {
        values = List.copyOf(values);
        required = List.copyOf(required);
        refused = List.copyOf(refused);
        narrowed = List.copyOf(narrowed);
      }
    }
  }
}
