package fathomexport.ledger;

import org.jspecify.annotations.Nullable;

/** The ledger's database or directory does not answer, or what it holds is damaged. */
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

  /** What is stored is not what was written: asking again is of no use. */
  public static LedgerException ofDamage(String message, Throwable cause) {
    return new LedgerException(message, cause, true);
  }

  /** Whether what is stored is not what was written, rather than out of reach. */
  public boolean damaged() {
    return damaged;
  }
}
