package fathomexport.ledger;

import org.jspecify.annotations.Nullable;

/** The ledger's database or directory is unavailable, or its content is damaged. */
public final class LedgerException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final boolean damaged;

  public LedgerException(String message, @Nullable Throwable cause) {
    this(message, cause, false);
  }

  private LedgerException(String message, @Nullable Throwable cause, boolean damaged) {
    super(message, cause);
    this.damaged = damaged;
  }

  /**
   * Creates the exception for stored content that differs from what was written. Retrying does not
   * help.
   */
  public static LedgerException ofDamage(String message, Throwable cause) {
    return new LedgerException(message, cause, true);
  }

  /** Returns whether the stored content is damaged, rather than unavailable. */
  public boolean damaged() {
    return damaged;
  }
}
