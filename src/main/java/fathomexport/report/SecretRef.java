package fathomexport.report;

import java.io.Serializable;
import java.util.Map;
import java.util.Optional;

/**
 * Where a secret is kept. The secret itself is never part of a configuration, an option or a log.
 */
public sealed interface SecretRef extends Serializable {

  /**
   * The secret, without surrounding white space.
   *
   * @throws SecretUnavailableException naming the place, never the content
   */
  String resolve(Map<String, String> environment);

  /** Why the secret cannot be had there, and what to do; empty when it can. */
  default Optional<String> absence(Map<String, String> environment) {
    try {
      resolve(environment);
      return Optional.empty();
    } catch (SecretUnavailableException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  /** What to do about a place that other users can read; empty when there is nothing to do. */
  default Optional<String> exposure() {
    return Optional.empty();
  }

  /** An environment variable. */
  record Env(String name) implements SecretRef {
    @Override
    public String resolve(Map<String, String> environment) {
      String value = environment.getOrDefault(name, "").strip();
      if (value.isEmpty()) {
        throw new SecretUnavailableException(
            "environment variable " + name + " is not set: export it, or name another place", null);
      }
      return value;
    }
  }

  /** A file. */
  record File(String path) implements SecretRef {
    @Override
    public String resolve(Map<String, String> environment) {
      return new SecretFile(path).read();
    }

    @Override
    public Optional<String> exposure() {
      return new SecretFile(path).exposure();
    }
  }
}
