package fathomexport.sink;

import org.jspecify.annotations.Nullable;

/** A sink could not do what it was asked; the kind decides the exit code and what else ends. */
public final class SinkException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What went wrong. */
  public enum Kind {
    /** Database or disk; nothing was stored. */
    UNAVAILABLE,
    /** The reply to a commit was lost and could not be settled by asking. */
    UNKNOWN,
    /**
     * A table refuses a report's rows, as by a constraint or trigger; nothing of them was stored.
     */
    REFUSED,
    /** A file is not what this program wrote there; it stands, and nothing was stored beside it. */
    DAMAGED,
    /** A report's definition does not fit what is stored. */
    DEFINITION,
    /** The place does not let in who asks: a wrong password or role. */
    ACCESS,
    /** The settings do not lead to a place that rows could be stored in. */
    SETTINGS,
    /** Another run has taken the pipeline's lock; nothing was stored. */
    SUPERSEDED,
    /** What would be stored is not what was certified: an internal error. */
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
