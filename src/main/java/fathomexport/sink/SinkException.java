package fathomexport.sink;

import org.jspecify.annotations.Nullable;

/** A sink could not do what it was asked; the kind decides the exit code. */
public final class SinkException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What went wrong. */
  public enum Kind {
    /** Database or disk; nothing was stored. */
    UNAVAILABLE,
    /** The reply to a commit was lost and could not be settled by asking. */
    UNKNOWN,
    /** A report's definition does not fit what is stored. */
    DEFINITION,
    /** Another run has taken the pipeline's lock; nothing was stored. */
    SUPERSEDED,
    /** What would be stored is not what was certified: a fault of ours. */
    INTEGRITY
  }

  private final Kind kind;

  public SinkException(Kind kind, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
