package fathomexport.testing;

/**
 * The switch that makes tests write their golden files and the generated parts of documents instead
 * of comparing with them: {@code -Dfathomexport.test.golden=true}.
 */
public final class Golden {
  private static final String PROPERTY = "fathomexport.test.golden";

  /** Ends the description of an assertion: how to accept what differs. */
  public static final String TO_ACCEPT = "to accept: -D" + PROPERTY + "=true";

  private Golden() {}

  /** Returns whether what is expected is written instead of compared. */
  public static boolean isWritten() {
    return Boolean.getBoolean(PROPERTY);
  }
}
