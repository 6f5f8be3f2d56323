package fathomexport.config;

import fathomexport.config.Kind.Group;
import fathomexport.config.YamlNode.Entry;
import fathomexport.config.YamlNode.Mapping;
import fathomexport.config.YamlNode.Place;
import fathomexport.config.YamlNode.Scalar;
import fathomexport.config.YamlNode.Unusable;
import fathomexport.report.NearMiss;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A group of keys of a file. Unknown keys are reported; only declared keys can be read. */
final class Section {
  private final Mapping mapping;
  private final Group group;
  private final String path;
  private final Problems problems;

  /** Keys that an unknown key probably means; they are not reported as missing. */
  private final Set<String> misspelt = new HashSet<>();

  Section(Mapping mapping, String path, Group group, Problems problems) {
    this.mapping = mapping;
    this.group = group;
    this.path = path;
    this.problems = problems;
    List<String> known = group.names();
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

  private String path(String key) {
    return YamlReader.join(path, key);
  }

  String path(Key<?> key) {
    return path(key.name());
  }

  boolean has(Key<?> key) {
    return entry(key).isPresent();
  }

  private Optional<Entry> entry(Key<?> key) {
    if (!group.keys().contains(key)) {
      throw new IllegalArgumentException(key.name() + " is not declared for " + path);
    }
    return mapping.entries().stream().filter(e -> e.key().text().equals(key.name())).findFirst();
  }

  /** Returns the place of a key, or of the group if the key is absent. */
  Place placeOf(Key<?> key) {
    return entry(key).map(e -> e.key().at()).orElse(at());
  }

  /** Returns the value of an optional key. */
  Optional<YamlNode> optional(Key<?> key) {
    if (key.need() == Key.Need.REQUIRED) {
      throw new IllegalArgumentException(key.name() + " is declared as required");
    }
    Optional<YamlNode> value = entry(key).map(Entry::value);
    if (value.isPresent() && value.get() instanceof Scalar scalar && scalar.isNull()) {
      problems.add(placeOf(key), path(key), "has no value", "give it one, or leave the key out");
      return Optional.empty();
    }
    return value.filter(v -> !(v instanceof Unusable));
  }

  /**
   * Returns the value of a required key; reports a problem if it is missing.
   *
   * @param allowed what to write, for the message
   */
  Optional<YamlNode> required(Key<?> key, String allowed) {
    if (key.need() == Key.Need.OPTIONAL) {
      throw new IllegalArgumentException(key.name() + " is declared as optional");
    }
    if (!has(key)) {
      if (!misspelt.contains(key.name())) {
        problems.add(at(), path(key), "is missing", allowed);
      }
      return Optional.empty();
    }
    Optional<YamlNode> value = entry(key).map(Entry::value);
    if (value.isPresent() && value.get() instanceof Scalar scalar && scalar.isNull()) {
      problems.add(placeOf(key), path(key), "has no value", allowed);
      return Optional.empty();
    }
    return value.filter(v -> !(v instanceof Unusable));
  }
}
