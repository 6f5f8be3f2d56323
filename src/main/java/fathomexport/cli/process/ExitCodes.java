package fathomexport.cli.process;

/** Exit codes that do not come from a run result. */
public final class ExitCodes {
  public static final int USAGE = 2;
  public static final int INCOMPLETE = 65;
  public static final int FAULT = 70;
  public static final int STORAGE = 74;
  public static final int CONFIGURATION = 78;

  private ExitCodes() {}
}
