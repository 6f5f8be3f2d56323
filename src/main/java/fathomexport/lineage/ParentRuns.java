package fathomexport.lineage;

import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The run that started this one, as schedulers tell it. Source: the variables that Airflow's macros
 * {@code lineage_parent_id} and {@code lineage_root_parent_id} are made for.
 *
 * @param root the run that began it all; null when the parent did
 */
record ParentRuns(Reference parent, @Nullable Reference root) {
  private static final String PARENT = "OPENLINEAGE_PARENT_ID";
  private static final String ROOT = "OPENLINEAGE_ROOT_PARENT_ID";

  /** A run of a job. */
  record Reference(String namespace, String job, UUID run) {}

  /** Empty when there is none, or when it cannot be read, of which it warns. */
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
    // A namespace may be a URL: the job and the run are what stands last.
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
        warn.accept("lineage: " + name + " does not end with the UUID of a run; it is left out");
        return Optional.empty();
      }
    }
    warn.accept("lineage: " + name + " is not like namespace/job/run; it is left out");
    return Optional.empty();
  }
}
