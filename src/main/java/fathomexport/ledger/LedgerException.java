package fathomexport.ledger;

import org.jspecify.annotations.Nullable;

/** The ledger's database or directory does not answer. */
public final class LedgerException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public LedgerException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
