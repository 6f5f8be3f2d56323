package fathomexport.api.answer;

import java.io.IOException;

/** The response does not answer the request. The message describes the error. */
public final class UnusableAnswerException extends IOException {
  private static final long serialVersionUID = 1L;

  private final boolean lasting;
  private final boolean ofOtherForm;

  public UnusableAnswerException(String message, boolean lasting) {
    this(message, lasting, false);
  }

  private UnusableAnswerException(String message, boolean lasting, boolean ofOtherForm) {
    super(message);
    this.lasting = lasting;
    this.ofOtherForm = ofOtherForm;
  }

  /** Creates the exception for a complete response of an unexpected form. */
  static UnusableAnswerException ofOtherForm(String message) {
    return new UnusableAnswerException(message, false, true);
  }

  /** Returns whether a second response of the same form is final. */
  public boolean isOfOtherForm() {
    return ofOtherForm;
  }

  /** Returns whether a retry would return the same. */
  public boolean lasting() {
    return lasting;
  }
}
