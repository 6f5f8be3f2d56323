package fathomexport.lineage;

import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The parent run of this one, as schedulers pass it. Source: the variables that Airflow's macros
 * {@code lineage_parent_id} and {@code lineage_root_parent_id} are made for.
 *
 * @param root the first run of the chain; null if it is the parent
 */
record ParentRuns(Reference parent, @Nullable Reference root) {
  private static final String PARENT = "OPENLINEAGE_PARENT_ID";
  private static final String ROOT = "OPENLINEAGE_ROOT_PARENT_ID";

  /** A run of a job. */
  record Reference(String namespace, String job, UUID run) {}

  /**
   * Reads the parent run from the environment variables; empty if it is missing or, with a warning,
   * unreadable.
   */
  static Optional<ParentRuns> of(Map<String, String> variables, Consumer<String> warn) {
    Optional<Reference> root = reference(variables, ROOT, warn);
    return reference(variables, PARENT, warn).map(p -> new ParentRuns(p, root.orElse(null)));
  }

  private static Optional<Reference> reference(
      Map<String, String> variables, String name, Consumer<String> warn) {
    String value = variables.getOrDefault(name, "").strip();
    if (value.isEmpty()) {
      return Optional.empty();
    }
    // A namespace may be a URL, so job and run are the last two segments.
    int beforeRun = value.lastIndexOf('/');
    int beforeJob = value.lastIndexOf('/', beforeRun - 1);
    if (beforeJob > 0 && beforeRun > beforeJob + 1) {
      try {
        return Optional.of(
            new Reference(
                value.substring(0, beforeJob),
                value.substring(beforeJob + 1, beforeRun),
                UUID.fromString(value.substring(beforeRun + 1))));
      } catch (IllegalArgumentException e) {
        warn.accept("lineage: " + name + " does not end with the UUID of a run; it is ignored");
        return Optional.empty();
      }
    }
    warn.accept("lineage: " + name + " is not of the form namespace/job/run; it is ignored");
    return Optional.empty();
  }
}
