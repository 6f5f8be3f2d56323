package fathomexport.config;

import java.util.List;

/**
 * A key of a file, declared once: the decoders read it by this, and the {@link JsonSchema} that
 * editors check by is written from it.
 *
 * @param description what a person who edits the file needs to know, in whole sentences
 * @param examples values as they stand in a file
 */
record Key<K extends Kind>(
    String name, Need need, K kind, String description, List<String> examples) {

  /** Whether a key must be there. */
  enum Need {
    REQUIRED,
    OPTIONAL,
    /** Other keys of the group decide; a {@link Kind.Rule} of the group says how. */
    DEPENDS
  }

  Key {
    examples = List.copyOf(examples);
  }

  static <K extends Kind> Key<K> required(
      String name, K kind, String description, String... examples) {
    return new Key<>(name, Need.REQUIRED, kind, description, List.of(examples));
  }

  static <K extends Kind> Key<K> optional(
      String name, K kind, String description, String... examples) {
    return new Key<>(name, Need.OPTIONAL, kind, description, List.of(examples));
  }

  static <K extends Kind> Key<K> depends(
      String name, K kind, String description, String... examples) {
    return new Key<>(name, Need.DEPENDS, kind, description, List.of(examples));
  }
}
