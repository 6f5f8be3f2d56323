package fathomexport.cli.process;

import java.io.PrintStream;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;

/**
 * What a command takes from the process that it runs in; tests give their own.
 *
 * @param variables environment variables
 * @param workingDirectory what relative paths are relative to
 * @param out takes results; what is printed is made safe to show, whoever prints it
 * @param err takes warnings, errors and the progress, likewise
 * @param clock decides which days are over
 * @param terminal whether a person watches: then there is a progress bar
 * @param shutdown what SIGTERM and SIGINT ask to stop
 */
public record Environment(
    Map<String, String> variables,
    Path workingDirectory,
    PrintStream out,
    PrintStream err,
    InstantSource clock,
    boolean terminal,
    Shutdown shutdown) {
  /** Set by the launcher, which can tell. */
  public static final String TERMINAL = "fathomexport.terminal";

  public Environment {
    variables = Map.copyOf(variables);
    out = ShownStream.over(out);
    err = ShownStream.over(err);
  }

  /** This process's own. */
  public static Environment system() {
    return new Environment(
        System.getenv(),
        Path.of("").toAbsolutePath(),
        System.out,
        System.err,
        InstantSource.system(),
        Boolean.getBoolean(TERMINAL),
        new Shutdown());
  }
}
