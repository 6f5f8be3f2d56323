package fathomexport.sink;

import org.jspecify.annotations.Nullable;

/** A failure of a sink. The kind decides the exit code and what else of the run ends. */
public final class SinkException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The kind of failure. */
  public enum Kind {
    /**
     * The database or disk is unavailable. A database has stored nothing; of a window of several
     * files, those of its older periods may be committed, each with its ledger entries.
     */
    UNAVAILABLE,
    /** The response to a commit was lost, and its outcome could not be determined. */
    UNKNOWN,
    /**
     * A table refuses a report's rows, for example by a constraint or trigger; none of them was
     * stored.
     */
    REFUSED,
    /**
     * A file differs from what this program wrote. It is left in place; files of older periods may
     * be committed.
     */
    DAMAGED,
    /** A report's definition does not fit the stored data. */
    DEFINITION,
    /** The database denies access: a wrong password or role. */
    ACCESS,
    /** The settings name no usable destination. */
    SETTINGS,
    /** Another run has taken the pipeline's lock. What is stored since then is that run's. */
    SUPERSEDED,
    /** The rows to be stored differ from the certified ones: an internal error. */
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

  /** Returns whether another run may do it although nothing was repaired meanwhile. */
  public boolean passes() {
    return kind == Kind.UNAVAILABLE || kind == Kind.UNKNOWN || kind == Kind.SUPERSEDED;
  }
}
