package fathomexport;

import fathomexport.cli.App;
import fathomexport.cli.Environment;
import fathomexport.demo.DemoCommands;
import java.time.Duration;
import java.util.List;

/** Entry point: {@code main} is {@code exit(run(args))}. */
public final class Main {
  /** A run that was asked to stop ends within this; schedulers kill after 30 s. */
  private static final Duration STOPPING = Duration.ofSeconds(25);

  private Main() {}

  public static void main(String[] args) {
    Environment environment = Environment.system();
    // The hook keeps the process alive while the run winds up; its exit code is the signal's own.
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  environment.shutdown().request();
                  awaitEnd(environment);
                },
                "shutdown"));
    int code = run(List.of(args), environment);
    environment.shutdown().ended();
    System.exit(code);
  }

  /** Runs one command and returns its exit code. */
  public static int run(List<String> args, Environment environment) {
    return App.run(args, environment, DemoCommands::all);
  }

  private static void awaitEnd(Environment environment) {
    try {
      if (!environment.shutdown().awaitEnd(STOPPING)) {
        environment.err().println("fathom-export: stopped before the window in hand was finished");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
