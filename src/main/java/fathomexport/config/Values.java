package fathomexport.config;

import fathomexport.config.Kind.Group;
import fathomexport.config.Kind.Span;
import fathomexport.config.Kind.WholeNumber;
import fathomexport.config.YamlNode.Mapping;
import fathomexport.config.YamlNode.Scalar;
import fathomexport.config.YamlNode.Sequence;
import fathomexport.config.YamlNode.Unusable;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Decodes nodes to typed values and reports problems. */
final class Values {
  private static final Pattern WHOLE_NUMBER = Pattern.compile("-?(0|[1-9][0-9]{0,17})");

  private final Problems problems;

  Values(Problems problems) {
    this.problems = problems;
  }

  /**
   * Decodes a text as written, with or without quotes; YAML's "no value" forms are plain text too.
   */
  Optional<Scalar> text(YamlNode node, String path) {
    return text(node, path, "");
  }

  /**
   * Decodes a text as written.
   *
   * @param allowed what to write, for the message
   */
  Optional<Scalar> text(YamlNode node, String path, String allowed) {
    if (node instanceof Scalar scalar) {
      if (scalar.isNull()) {
        String shown = scalar.text().isEmpty() ? "nothing" : Problems.quote(scalar.text());
        problems.add(
            node.at(),
            path,
            shown + " stands for no value in YAML",
            "put it in quotes if it is meant literally");
        return Optional.empty();
      }
      return Optional.of(scalar);
    }
    wrongKind(node, path, "a single value", allowed);
    return Optional.empty();
  }

  /** Decodes a whole number without quotes. */
  Optional<Integer> wholeNumber(YamlNode node, String path, WholeNumber kind) {
    int least = kind.least();
    int most = kind.most();
    String allowed =
        most == Integer.MAX_VALUE
            ? "allowed: a whole number, " + least + " or more"
            : "allowed: a whole number from " + least + " to " + most;
    Optional<Scalar> text = text(node, path, allowed);
    if (text.isEmpty()) {
      return Optional.empty();
    }
    Scalar scalar = text.get();
    String shown = Problems.quote(scalar.text());
    if (!WHOLE_NUMBER.matcher(scalar.text()).matches()) {
      problems.add(node.at(), path, shown + " is not a whole number", allowed);
      return Optional.empty();
    }
    if (!scalar.plain()) {
      problems.add(node.at(), path, shown + " is text: write it without quotes", allowed);
      return Optional.empty();
    }
    long value = Long.parseLong(scalar.text());
    if (value < least || value > most) {
      problems.add(
          node.at(),
          path,
          scalar.text() + " is too " + (value < least ? "small" : "large"),
          allowed);
      return Optional.empty();
    }
    return Optional.of((int) value);
  }

  /** Decodes a duration with its unit, such as {@code 500ms}, {@code 60s}, {@code 2m}. */
  Optional<Duration> duration(YamlNode node, String path, Span kind) {
    Duration least = kind.least();
    Duration most = kind.most();
    String allowed = "allowed: " + kind.allowed();
    Optional<Scalar> text = text(node, path, allowed);
    if (text.isEmpty()) {
      return Optional.empty();
    }
    String written = text.get().text();
    Matcher matcher = Span.WRITTEN.matcher(written);
    if (!matcher.matches()) {
      String message =
          WHOLE_NUMBER.matcher(written).matches()
              ? written + " has no unit"
              : Problems.quote(written) + " is not a duration";
      problems.add(node.at(), path, message, allowed);
      return Optional.empty();
    }
    long number = Long.parseLong(matcher.group(1));
    Duration value =
        switch (matcher.group(2)) {
          case "ms" -> Duration.ofMillis(number);
          case "s" -> Duration.ofSeconds(number);
          case "m" -> Duration.ofMinutes(number);
          default -> Duration.ofHours(number);
        };
    if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
      String direction = value.compareTo(least) < 0 ? "short" : "long";
      problems.add(node.at(), path, written + " is too " + direction, allowed);
      return Optional.empty();
    }
    return Optional.of(value);
  }

  /**
   * Decodes a list that is not empty.
   *
   * @param allowed what to write, for the message
   */
  Optional<List<YamlNode>> list(YamlNode node, String path, String allowed) {
    if (node instanceof Sequence sequence) {
      if (sequence.items().isEmpty()) {
        problems.add(node.at(), path, "is an empty list", allowed);
        return Optional.empty();
      }
      return Optional.of(sequence.items());
    }
    wrongKind(node, path, "a list", allowed);
    return Optional.empty();
  }

  /**
   * Decodes a list of single values that is not empty.
   *
   * @param allowed what to write, for the message
   */
  Optional<List<YamlNode>> listOfValues(YamlNode node, String path, String allowed) {
    if (node instanceof Scalar scalar && Problems.fits(scalar.text())) {
      wrongKind(node, path, "a list: write [" + scalar.text() + "]", allowed);
      return Optional.empty();
    }
    return list(node, path, allowed);
  }

  /**
   * Decodes a group of keys.
   *
   * @param group the keys, in the order in which messages name them
   */
  Optional<Section> section(YamlNode node, String path, Group group) {
    if (node instanceof Mapping mapping) {
      return Optional.of(new Section(mapping, path, group, problems));
    }
    wrongKind(node, path, "a group of keys", "allowed keys: " + String.join(", ", group.names()));
    return Optional.empty();
  }

  /** Reports that a node has the wrong kind. */
  void wrongKind(YamlNode node, String path, String wanted, String allowed) {
    if (!(node instanceof Unusable)) {
      problems.add(node.at(), path, "is " + node.kind() + ", but must be " + wanted, allowed);
    }
  }
}
