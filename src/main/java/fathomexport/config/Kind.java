package fathomexport.config;

import fathomexport.report.ApiNamed;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The allowed values of a {@link Key}, and the default if the key is omitted. */
sealed interface Kind {

  /**
   * A single value that is used as written.
   *
   * @param pattern the value must contain a match; in the syntax that Java and ECMAScript share;
   *     null to allow any text
   * @param otherwise the message of an editor if the pattern does not match; null without a pattern
   * @param refused texts that are not allowed
   * @param shortest minimum number of characters
   * @param longest maximum number of characters
   * @param byDefault null if there is no default
   */
  record Text(
      @Nullable String pattern,
      @Nullable String otherwise,
      Set<String> refused,
      int shortest,
      int longest,
      @Nullable String byDefault)
      implements Kind {

    /** Any text, including the empty one. */
    static final Text ANY = new Text(null, null, Set.of(), 0, Integer.MAX_VALUE, null);

    /** A text that is not blank. */
    static final Text FILLED = ANY.finding("[^ \\t\\r\\n]", "must not be empty");

    /** Returns a text that must match the pattern as a whole. */
    static Text matching(Pattern whole, String otherwise) {
      return ANY.finding("^(" + whole.pattern() + ")$", otherwise);
    }

    /** Returns a text that must contain a match of the pattern. */
    Text finding(String part, String otherwise) {
      return new Text(part, otherwise, refused, shortest, longest, byDefault);
    }

    /** Returns this text with the restriction that it must not contain a match of the pattern. */
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
   * A whole number from {@code least} to {@code most}.
   *
   * @param byDefault null if there is no default
   */
  record WholeNumber(int least, int most, @Nullable Integer byDefault) implements Kind {}

  /** A duration with its unit, from {@code least} to {@code most}. */
  record Span(Duration least, Duration most, Duration byDefault) implements Kind {
    /** The written form of a duration. */
    static final Pattern WRITTEN = Pattern.compile("(0|[1-9][0-9]{0,8})(ms|s|m|h)");

    /**
     * Formats a duration in the largest unit that gives a whole number; below two minutes, seconds.
     */
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

    /** Describes the allowed values. */
    String allowed() {
      return "a number with a unit (ms, s, m or h), from "
          + written(least)
          + " to "
          + written(most);
    }
  }

  /**
   * One of several names.
   *
   * @param byDefault null if there is no default
   */
  record Choice(List<String> names, @Nullable String byDefault) implements Kind {
    public Choice {
      names = List.copyOf(names);
    }

    static Choice of(List<String> names) {
      return new Choice(names, null);
    }

    /** Returns the names of the enum constants that the predicate accepts. */
    static <E extends Enum<E> & ApiNamed> Choice of(Class<E> type, Predicate<E> which) {
      return of(
          Arrays.stream(type.getEnumConstants()).filter(which).map(ApiNamed::apiName).toList());
    }

    Choice orElse(String name) {
      return new Choice(names, name);
    }
  }

  /** One of several whole numbers. */
  record Numbers(List<Integer> allowed) implements Kind {
    public Numbers {
      allowed = List.copyOf(allowed);
    }
  }

  /**
   * A list with at least one item.
   *
   * @param distinct whether an item may be given only once
   */
  record ListOf(Kind item, boolean distinct) implements Kind {
    /** Creates a list without duplicates. */
    ListOf(Kind item) {
      this(item, true);
    }
  }

  /** A text, or a group of keys that says where the text is. */
  record TextOr(Text text, Group group) implements Kind {}

  /** The word {@code all}, or a list. */
  record AllOr(ListOf list) implements Kind {}

  /** A group of keys and the rules between them. */
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

  /** A rule between keys of one group. */
  sealed interface Rule {

    /** Exactly one of these keys must be present. */
    record OneOf(List<String> names) implements Rule {
      public OneOf {
        names = List.copyOf(names);
      }
    }

    /** If one key is present, the other must be present as well. */
    record Needs(String name, String other) implements Rule {}

    /**
     * A key takes the place of keys of another group.
     *
     * @param name the key
     * @param group the key of the group, which must be present unless this key is
     * @param required keys of the group that must then be present
     * @param refused keys of the group that must be absent if this key is present
     */
    record InsteadOf(String name, String group, List<String> required, List<String> refused)
        implements Rule {
      public InsteadOf {
        required = List.copyOf(required);
        refused = List.copyOf(refused);
      }
    }

    /**
     * The conditions that apply if a key is present.
     *
     * @param values the values of the key for which the rule applies; empty for any value
     * @param required keys that must then be present
     * @param refused keys that must then be absent
     * @param narrowed keys with the kinds that then remain allowed
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
