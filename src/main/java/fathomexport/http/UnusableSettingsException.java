package fathomexport.http;

/**
 * Thrown when no connection can be set up as the settings or the environment ask. The message says
 * what is wrong and what is allowed.
 */
public final class UnusableSettingsException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  UnusableSettingsException(String message, Throwable cause) {
    super(message, cause);
  }

  UnusableSettingsException(String message) {
    super(message);
  }
}
