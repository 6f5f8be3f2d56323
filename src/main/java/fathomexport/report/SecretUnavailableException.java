package fathomexport.report;

import org.jspecify.annotations.Nullable;

/**
 * Thrown when a secret is not where the configuration says. The message names the place and what to
 * do.
 */
public final class SecretUnavailableException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public SecretUnavailableException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
