package fathomexport.api;

import java.io.IOException;

/** An answer came, but not one to the question. The message says what is wrong with it. */
public final class UnusableAnswerException extends IOException {
  private static final long serialVersionUID = 1L;

  private final boolean lasting;
  private final boolean ofOtherForm;

  UnusableAnswerException(String message, boolean lasting) {
    this(message, lasting, false);
  }

  private UnusableAnswerException(String message, boolean lasting, boolean ofOtherForm) {
    super(message);
    this.lasting = lasting;
    this.ofOtherForm = ofOtherForm;
  }

  /** An answer that is whole, but of a form that answers never have. */
  static UnusableAnswerException ofOtherForm(String message) {
    return new UnusableAnswerException(message, false, true);
  }

  /** Whether a second answer of its kind settles that there is no other. */
  boolean isOfOtherForm() {
    return ofOtherForm;
  }

  /** Whether asking again would bring the same. */
  public boolean lasting() {
    return lasting;
  }
}
