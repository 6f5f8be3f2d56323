package fathomexport.config;

import java.util.List;

/**
 * What a file says, with the places where it says it. Nothing is made of a value yet: {@code NO}
 * and {@code 1e5} are the text that was written.
 */
sealed interface YamlNode {
  Place at();

  /** What it is, for messages. */
  String kind();

  /** Line and column, from 1. */
  record Place(int line, int column) {}

  /**
   * A single value.
   *
   * @param plain written without quotes
   */
  record Scalar(Place at, String text, boolean plain) implements YamlNode {
    /** Whether YAML takes it for "no value". */
    boolean isNull() {
      return plain && List.of("", "~", "null", "Null", "NULL").contains(text);
    }

    @Override
    public String kind() {
      return "a single value";
    }
  }

  /** A list. */
  record Sequence(Place at, List<YamlNode> items) implements YamlNode {
    @Override
    public String kind() {
      return "a list";
    }
  }

  /** Keys with values; no key is there twice. */
  record Mapping(Place at, List<Entry> entries) implements YamlNode {
    @Override
    public String kind() {
      return "a group of keys";
    }
  }

  /** A key and its value. */
  record Entry(Scalar key, YamlNode value) {}

  /** Something that was refused already; nothing more is said about it. */
  record Unusable(Place at) implements YamlNode {
    @Override
    public String kind() {
      return "unusable";
    }
  }
}
