package fathomexport.testing;

import fathomexport.Main;
import fathomexport.cli.process.Environment;
import fathomexport.cli.process.Shutdown;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;

/**
 * The program in a process of its own, on a clock that shows another time: a run of a made-up
 * night, which can be killed as a process is.
 */
public final class MainAt {
  private MainAt() {}

  /**
   * Runs a command at an instant.
   *
   * @param arguments the instant, then those of the command
   */
  public static void main(String[] arguments) {
    Environment real = Environment.system();
    List<String> command = Arrays.asList(arguments).subList(1, arguments.length);
    System.exit(
        Main.run(
            command,
            new Environment(
                real.variables(),
                real.workingDirectory(),
                real.out(),
                real.err(),
                new HurriedTime(Instant.parse(arguments[0])),
                false,
                new Shutdown())));
  }
}
