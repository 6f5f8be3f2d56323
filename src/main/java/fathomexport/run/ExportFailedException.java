package fathomexport.run;

import org.jspecify.annotations.Nullable;

/**
 * Thrown when a run cannot start or continue. The kind decides the exit code, unless the command
 * line is at fault; the message says what to do.
 */
public class ExportFailedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Exit code of a command line that cannot be obeyed. */
  private static final int MISUSED = 2;

  private final FailureKind kind;
  private final int exitCode;

  public ExportFailedException(FailureKind kind, String message, @Nullable Throwable cause) {
    this(kind, kind.exitCode(), message, cause);
  }

  private ExportFailedException(
      FailureKind kind, int exitCode, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.kind = kind;
    this.exitCode = exitCode;
  }

  /** Creates an exception for an option whose value turns out not to exist. */
  public static ExportFailedException misused(String message) {
    return new ExportFailedException(FailureKind.CONFIGURATION, MISUSED, message, null);
  }

  /** Creates an exception for a command that was asked to stop before it fetched anything. */
  public static ExportFailedException stopped() {
    return new ExportFailedException(
        FailureKind.STOPPED, "stopped as requested, before anything was fetched", null);
  }

  public FailureKind kind() {
    return kind;
  }

  public int exitCode() {
    return exitCode;
  }
}
