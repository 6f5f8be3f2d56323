package fathomexport.cli.process;

import fathomexport.report.Program;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;

/**
 * The environment of a command; tests provide their own.
 *
 * @param variables environment variables
 * @param workingDirectory base directory of relative paths
 * @param out receives results; the stream escapes them
 * @param err receives warnings, errors and progress; the stream escapes them
 * @param clock determines which days are over
 * @param terminal whether a person watches, and so whether to show a progress bar
 * @param shutdown receives the stop requests of SIGTERM and SIGINT
 */
public record Environment(
    Map<String, String> variables,
    Path workingDirectory,
    PrintStream out,
    PrintStream err,
    InstantSource clock,
    boolean terminal,
    Shutdown shutdown) {
  /** System property that the launcher sets, because it can detect a terminal. */
  public static final String TERMINAL = "fathomexport.terminal";

  public Environment {
    variables = Map.copyOf(variables);
    out = ShownStream.over(out);
    err = ShownStream.over(err);
  }

  /** Returns this environment with another stream for results. */
  public Environment withOut(PrintStream other) {
    return new Environment(variables, workingDirectory, other, err, clock, terminal, shutdown);
  }

  /**
   * Returns a command as it is typed in another directory: a program that was started by a relative
   * path is named by its absolute one.
   */
  public String commandElsewhere(String arguments) {
    String program = System.getProperty(Program.PROPERTY, "");
    return program.indexOf('/') < 0
        ? Program.command(arguments)
        : Program.shown(workingDirectory.resolve(program).normalize().toString()) + " " + arguments;
  }

  /** Returns the environment of this process. */
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
