package fathomexport.report;

import java.io.Serializable;
import java.util.Map;
import java.util.Optional;

/**
 * The place where a secret is stored. Configurations, options and logs contain only this reference,
 * never the secret.
 */
public sealed interface SecretRef extends Serializable {
  /**
   * Ends the message about a variable that is not set, for the machine that the settings are on.
   */
  String ADVICE = ": export it, or name another place";

  /**
   * Reads the secret, without surrounding white space.
   *
   * @throws SecretUnavailableException if there is no secret; the message names the place, never
   *     the content
   */
  String resolve(Map<String, String> environment);

  /** Returns why the secret cannot be read and what to do about it, or empty if it can be read. */
  default Optional<String> absence(Map<String, String> environment) {
    try {
      resolve(environment);
      return Optional.empty();
    } catch (SecretUnavailableException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  /** Returns advice if other users can read the place, or empty if there is nothing to do. */
  default Optional<String> exposure() {
    return Optional.empty();
  }

  /** A secret in an environment variable. */
  record Env(String name) implements SecretRef {
    @Override
    public String resolve(Map<String, String> environment) {
      String value = environment.getOrDefault(name, "").strip();
      if (value.isEmpty()) {
        throw new SecretUnavailableException(
            "environment variable " + name + " is not set" + ADVICE, null);
      }
      return value;
    }
  }

  /** A secret in a file. */
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
