package fathomexport.cli;

/** Exit codes that no run result gives. */
final class ExitCodes {
  static final int USAGE = 2;
  static final int FAULT = 70;
  static final int STORAGE = 74;
  static final int CONFIGURATION = 78;

  private ExitCodes() {}
}
