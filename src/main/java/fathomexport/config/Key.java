package fathomexport.config;

import java.util.List;

/**
 * The declaration of a key. The decoders read the key by it, and the {@link JsonSchema} for editors
 * is generated from it.
 *
 * @param description what a person who edits the file needs to know, in whole sentences
 * @param examples example values as written in a file
 */
record Key<K extends Kind>(
    String name, Need need, K kind, String description, List<String> examples) {

  /** Whether a key is required. */
  enum Need {
    REQUIRED,
    OPTIONAL,
    /** Other keys of the group decide, by a {@link Kind.Rule} of the group. */
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
