package fathomexport.testing;

/**
 * How often the tests tagged {@code chaos} repeat what they do. The system property {@code
 * fathomexport.test.chaos} gives a percentage of the full number, for a machine that has an hour
 * and not an evening.
 */
public final class Chaos {
  private static final int PERCENT = Integer.getInteger("fathomexport.test.chaos", 100);

  private Chaos() {}

  /**
   * Returns how often to repeat something, at least twice.
   *
   * @param full how often where nothing is said
   */
  public static int times(int full) {
    return Math.max(2, full * PERCENT / 100);
  }
}
