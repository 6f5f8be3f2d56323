package fathomexport;

import fathomexport.cli.App;
import fathomexport.cli.process.Environment;
import fathomexport.demo.DemoCommands;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Entry point: {@code main} is {@code exit(run(args))}. */
public final class Main {
  /** Time within which a stopped run must end; schedulers kill the process after 30 s. */
  private static final Duration STOPPING = Duration.ofSeconds(25);

  /** Base of the exit code of a process that a signal stopped: 128 plus the signal's number. */
  private static final int SIGNALLED = 128;

  /** Exit code that a command returns when its run was stopped, by whatever means. */
  private static final int STOPPED = 143;

  private Main() {}

  public static void main(String[] args) {
    Environment environment = Environment.system();
    AtomicInteger asked = new AtomicInteger();
    if (!Signals.handle(signal -> received(signal, asked, environment))) {
      stopByHook(environment);
    }
    int code = run(List.of(args), environment);
    environment.shutdown().ended();
    boolean stopped = asked.get() != 0 && (code == 0 || code == STOPPED);
    System.exit(stopped ? SIGNALLED + asked.get() : code);
  }

  /** Runs one command and returns its exit code. */
  public static int run(List<String> args, Environment environment) {
    return App.run(args, environment, DemoCommands::all);
  }

  /** Asks the command to stop at the first signal; ends the process at once at the second one. */
  private static void received(int signal, AtomicInteger asked, Environment environment) {
    if (!asked.compareAndSet(0, signal)) {
      environment.err().println("fathom-export: stopped at once");
      Runtime.getRuntime().halt(SIGNALLED + signal);
    }
    if (!environment.shutdown().request()) {
      System.exit(SIGNALLED + signal);
    }
    Thread watch =
        new Thread(
            () -> {
              if (!ended(environment)) {
                Runtime.getRuntime().halt(SIGNALLED + signal);
              }
            },
            "stopping");
    watch.setDaemon(true);
    watch.start();
  }

  /**
   * Installs a shutdown hook, for platforms on which signals cannot be handled. The hook keeps the
   * process alive until the run has stopped; the exit code is the signal's default.
   */
  private static void stopByHook(Environment environment) {
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  environment.shutdown().request();
                  ended(environment);
                },
                "shutdown"));
  }

  /**
   * Waits for the command to end. Prints a message and returns false if it does not end in time.
   */
  private static boolean ended(Environment environment) {
    try {
      if (environment.shutdown().awaitEnd(STOPPING)) {
        return true;
      }
      environment
          .err()
          .println(
              "fathom-export: stopped as requested, but the end took longer than "
                  + STOPPING.toSeconds()
                  + " s: ended at once; what was committed stays");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return false;
  }
}
