package fathomexport.dashboard;

import fathomexport.report.Program;
import fathomexport.run.FailureKind;

/**
 * No page can be made of what is stored; the kind decides the exit code, the message says why, and
 * what to do.
 */
public final class NoPageException extends Exception {
  private static final long serialVersionUID = 1L;

  private final FailureKind kind;

  NoPageException(FailureKind kind, String message) {
    super(message);
    this.kind = kind;
  }

  NoPageException(FailureKind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  /**
   * Says what to do where the role in the settings may not read the views, or where they are not
   * there.
   *
   * @param why what the role cannot read
   */
  static NoPageException unreadable(String why) {
    return new NoPageException(
        FailureKind.CONFIGURATION,
        why
            + ". Read as a role that is in fathom_reader, or that owns the views: --config names"
            + " settings with another postgres.user. Where the views are not there yet, "
            + Program.theOwnerMigrates());
  }

  public FailureKind kind() {
    return kind;
  }
}
