package fathomexport.api;

import java.io.IOException;

/** An answer came, but not one to the question. The message says what is wrong with it. */
public final class UnusableAnswerException extends IOException {
  private static final long serialVersionUID = 1L;

  private final boolean lasting;

  UnusableAnswerException(String message, boolean lasting) {
    super(message);
    this.lasting = lasting;
  }

  /** Whether asking again would bring the same. */
  public boolean lasting() {
    return lasting;
  }
}
