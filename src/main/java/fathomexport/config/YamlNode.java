package fathomexport.config;

import java.util.List;

/**
 * A node of a file with its place. Values are not interpreted: {@code NO} and {@code 1e5} are the
 * texts as written.
 */
sealed interface YamlNode {
  Place at();

  /** Returns the kind of node, for messages. */
  String kind();

  /** A line and a column, both from 1. */
  record Place(int line, int column) {}

  /**
   * A single value.
   *
   * @param plain true if written without quotes
   */
  record Scalar(Place at, String text, boolean plain) implements YamlNode {
    /** Returns whether YAML reads the text as "no value". */
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

  /** Keys with values; the keys are distinct. */
  record Mapping(Place at, List<Entry> entries) implements YamlNode {
    @Override
    public String kind() {
      return "a group of keys";
    }
  }

  /** A key and its value. */
  record Entry(Scalar key, YamlNode value) {}

  /** A node that has already been reported; it causes no further messages. */
  record Unusable(Place at) implements YamlNode {
    @Override
    public String kind() {
      return "unusable";
    }
  }
}
