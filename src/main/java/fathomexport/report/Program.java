package fathomexport.report;

import java.util.regex.Pattern;

/**
 * How this program was started. Every command that a message suggests begins with it, so that the
 * command can be copied: {@code ./fathom-export} where the program is not on the {@code PATH}.
 */
public final class Program {
  /** System property that the launcher sets; without it, the program has its own name. */
  public static final String PROPERTY = "fathomexport.program";

  private static final String NAME = "fathom-export";
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_./+@:,-]+");

  /** What a shell takes literally within single quotes, and a message between backticks. */
  private static final Pattern QUOTABLE = Pattern.compile("[^'\"`\\\\%\\p{Cntrl}]+");

  private Program() {}

  /** Returns a command as it is typed, from the program's name to these arguments. */
  public static String command(String arguments) {
    return shown(System.getProperty(PROPERTY, NAME)) + " " + arguments;
  }

  /** Returns how the path of a program is typed; the program's own name if it cannot be. */
  public static String shown(String path) {
    return PLAIN.matcher(path).matches()
        ? path
        : QUOTABLE.matcher(path).matches() ? "'" + path + "'" : NAME;
  }
}
