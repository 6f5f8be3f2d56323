package fathomexport.report;

import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

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
      String value;
      try {
        value = Files.readString(Path.of(path)).strip();
      } catch (IOException e) {
        throw new SecretUnavailableException("cannot read the secret's file " + path, e);
      }
      if (value.isEmpty()) {
        throw new SecretUnavailableException("the secret's file " + path + " is empty", null);
      }
      return value;
    }
  }
}
