package fathomexport.report;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How this program was started. Every command that a message suggests is made with it, so that the
 * command can be copied: {@code ./fathom-export} where the program is not on the {@code PATH}, the
 * settings file where {@code --config} named one, and a pipeline's path where it was given by one.
 *
 * <p>Messages are made in all parts of the program, so this is kept where the launcher leaves the
 * program's name, too: in system properties.
 */
public final class Program {
  /** System property that the launcher sets; without it, the program has its own name. */
  public static final String PROPERTY = "fathomexport.program";

  private static final String CONFIG = "fathomexport.config";
  private static final String PIPELINE = "fathomexport.pipeline";
  private static final String PIPELINE_PATH = "fathomexport.pipeline.path";

  private static final String NAME = "fathom-export";
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_./+@:,-]+");

  /** What a shell takes literally within single quotes, and a message between backticks. */
  private static final Pattern QUOTABLE = Pattern.compile("[^'\"`\\\\%\\p{Cntrl}]+");

  /** A pipeline that is given by its path, with the name that its file gives it. */
  private static final Pattern PATH =
      Pattern.compile("(?=.*(?:[/\\\\]|\\.ya?ml$))(?:.*[/\\\\])?(?<name>[^/\\\\]+?)(?:\\.ya?ml)?");

  private Program() {}

  /** What the command that runs was given, until it ends. */
  public interface Given {
    /** Restores what was given before. */
    void end();
  }

  /**
   * Keeps which files the command that runs was given.
   *
   * @param config the settings file; null for the default one
   * @param pipeline the pipeline's name or path; null if the command has none
   */
  public static Given given(@Nullable String config, @Nullable String pipeline) {
    Matcher path = PATH.matcher(pipeline == null ? "" : pipeline);
    boolean isPath = path.matches();
    List<Given> before =
        List.of(
            set(CONFIG, config),
            set(PIPELINE, isPath ? path.group("name") : null),
            set(PIPELINE_PATH, isPath ? pipeline : null));
    return () -> before.forEach(Given::end);
  }

  private static Given set(String property, @Nullable String value) {
    String before = System.getProperty(property);
    replace(property, value);
    return () -> replace(property, before);
  }

  private static void replace(String property, @Nullable String value) {
    if (value == null) {
      System.clearProperty(property);
    } else {
      System.setProperty(property, value);
    }
  }

  /**
   * Returns a command as it is typed, from the program's name to these arguments.
   *
   * @param arguments begin with the command's name, which the pipeline's name follows if it takes
   *     one
   */
  public static String command(String arguments) {
    return shown(System.getProperty(PROPERTY, NAME)) + " " + given(arguments);
  }

  /**
   * Says that the role that owns the tables and views has to migrate. Its settings are not those of
   * the command that runs, whose file is therefore not named.
   */
  public static String theOwnerMigrates() {
    return "the role that owns the tables (fathom_owner, where separate roles migrate and load) has"
        + " to run `"
        + withOtherSettings("migrate")
        + "` with the pipeline, and with settings that name that role in postgres.user";
  }

  /**
   * Returns a command for other settings than those of the command that runs, as it is typed where
   * they are the default ones.
   */
  public static String withOtherSettings(String arguments) {
    return shown(System.getProperty(PROPERTY, NAME)) + " " + arguments;
  }

  /** Returns the arguments with the files that the command that runs was given. */
  private static String given(String arguments) {
    String config = System.getProperty(CONFIG);
    String pipeline = System.getProperty(PIPELINE);
    String typed = arguments;
    if (pipeline != null) {
      String path = typed(System.getProperty(PIPELINE_PATH, pipeline));
      typed =
          typed.replaceFirst(
              "^([a-z]+ )" + Pattern.quote(pipeline) + "(?![^ ])",
              "$1" + Matcher.quoteReplacement(path));
    }
    return config == null ? typed : "--config " + typed(config) + " " + typed;
  }

  /** Returns an argument so that a shell takes it literally. */
  private static String typed(String argument) {
    return PLAIN.matcher(argument).matches()
        ? argument
        : "'" + argument.replace("'", "'\\''") + "'";
  }

  /** Returns how the path of a program is typed; the program's own name if it cannot be. */
  public static String shown(String path) {
    return PLAIN.matcher(path).matches()
        ? path
        : QUOTABLE.matcher(path).matches() ? "'" + path + "'" : NAME;
  }
}
