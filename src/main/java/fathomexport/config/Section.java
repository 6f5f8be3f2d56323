package fathomexport.config;

import fathomexport.config.YamlNode.Entry;
import fathomexport.config.YamlNode.Mapping;
import fathomexport.config.YamlNode.Place;
import fathomexport.config.YamlNode.Scalar;
import fathomexport.config.YamlNode.Unusable;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A group of keys of which each is known; the unknown ones are reported. */
final class Section {
  private final Mapping mapping;
  private final String path;
  private final Problems problems;

  /** Known keys that an unknown one was probably meant to be: they are not called missing too. */
  private final Set<String> misspelt = new HashSet<>();

  Section(Mapping mapping, String path, List<String> known, Problems problems) {
    this.mapping = mapping;
    this.path = path;
    this.problems = problems;
    for (Entry entry : mapping.entries()) {
      String key = entry.key().text();
      if (!known.contains(key)) {
        NearMiss.of(key, known).ifPresent(misspelt::add);
        problems.add(
            entry.key().at(),
            path(key),
            "is not a known key" + NearMiss.hint(key, known),
            (path.isEmpty() ? "allowed: " : "allowed in " + path + ": ")
                + String.join(", ", known));
      }
    }
  }

  Place at() {
    return mapping.at();
  }

  String path(String key) {
    return YamlReader.join(path, key);
  }

  boolean has(String key) {
    return mapping.entries().stream().anyMatch(e -> e.key().text().equals(key));
  }

  /** Where a key stands. */
  Place placeOf(String key) {
    return mapping.entries().stream()
        .filter(e -> e.key().text().equals(key))
        .map(e -> e.key().at())
        .findFirst()
        .orElse(at());
  }

  /** The value of a key that may be left out. */
  Optional<YamlNode> optional(String key) {
    Optional<YamlNode> value =
        mapping.entries().stream()
            .filter(e -> e.key().text().equals(key))
            .map(Entry::value)
            .findFirst();
    if (value.isPresent() && value.get() instanceof Scalar scalar && scalar.isNull()) {
      problems.add(placeOf(key), path(key), "has no value", "give it one, or leave the key out");
      return Optional.empty();
    }
    return value.filter(v -> !(v instanceof Unusable));
  }

  /**
   * The value of a key that must be there.
   *
   * @param allowed what to write, for the message
   */
  Optional<YamlNode> required(String key, String allowed) {
    if (!has(key)) {
      if (!misspelt.contains(key)) {
        problems.add(at(), path(key), "is missing", allowed);
      }
      return Optional.empty();
    }
    Optional<YamlNode> value =
        mapping.entries().stream()
            .filter(e -> e.key().text().equals(key))
            .map(Entry::value)
            .findFirst();
    if (value.isPresent() && value.get() instanceof Scalar scalar && scalar.isNull()) {
      problems.add(placeOf(key), path(key), "has no value", allowed);
      return Optional.empty();
    }
    return value.filter(v -> !(v instanceof Unusable));
  }
}
