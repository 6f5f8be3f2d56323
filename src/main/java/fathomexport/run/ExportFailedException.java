package fathomexport.run;

import org.jspecify.annotations.Nullable;

/**
 * Thrown when a run cannot start or continue. The kind decides the exit code; the message says what
 * to do.
 */
public class ExportFailedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final FailureKind kind;

  public ExportFailedException(FailureKind kind, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  public FailureKind kind() {
    return kind;
  }
}
