package fathomexport.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A command of an installation, run in a process of its own, which can be killed. */
public final class ForkedRun implements AutoCloseable {
  private static final List<String> SIGNALS_AS_USUAL = signalsAsUsual();
  private static final AtomicInteger COUNT = new AtomicInteger();

  private final Process process;
  private final Path output;

  private ForkedRun(Process process, Path output) {
    this.process = process;
    this.output = output;
  }

  /**
   * Starts it.
   *
   * @param jvmOptions beside those that keep it small and quick to start
   */
  public static ForkedRun start(
      Installation installation, List<String> jvmOptions, List<String> arguments) {
    return start(installation, PackagedProgram.command(jvmOptions), "fathomexport.Main", arguments);
  }

  /**
   * Starts it by a command of the test's own.
   *
   * @param java the command up to the program, such as {@code java -jar FILE}
   */
  public static ForkedRun startBy(
      List<String> java, Installation installation, List<String> arguments) {
    return start(installation, java, "", arguments);
  }

  /** Starts it on a clock that shows this instant. */
  public static ForkedRun startAt(Installation installation, Instant at, String... arguments) {
    List<String> all = new ArrayList<>(List.of(at.toString()));
    all.addAll(List.of(arguments));
    return start(
        installation, PackagedProgram.commandWithTests(List.of()), MainAt.class.getName(), all);
  }

  private static ForkedRun start(
      Installation installation, List<String> java, String main, List<String> arguments) {
    List<String> command = new ArrayList<>(SIGNALS_AS_USUAL);
    command.addAll(java);
    if (!main.isEmpty()) {
      command.add(main);
    }
    command.addAll(arguments);
    Path output = installation.directory().resolve("output-" + COUNT.incrementAndGet() + ".txt");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(installation.directory().toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile());
    builder.environment().putAll(installation.variables());
    try {
      return new ForkedRun(builder.start(), output);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * A background job of a script ignores SIGINT, its children inherit that, and Java keeps to it.
   * What undoes it is the {@code env} of GNU coreutils 8.31 or later; without that, tests of SIGINT
   * need a caller who does not ignore it.
   */
  private static List<String> signalsAsUsual() {
    List<String> prefix = List.of("env", "--default-signal=INT,TERM");
    List<String> trial = new ArrayList<>(prefix);
    trial.add("true");
    try {
      Process env =
          new ProcessBuilder(trial)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return env.waitFor() == 0 ? prefix : List.of();
    } catch (IOException e) {
      return List.of();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  public long pid() {
    return process.pid();
  }

  /** {@code kill -9}, at once. */
  public void kill() {
    process.destroyForcibly();
  }

  /** {@code kill}: asks it to stop. */
  public void terminate() {
    process.destroy();
  }

  /**
   * Sends a signal.
   *
   * @param name such as INT
   */
  public void signal(String name) throws IOException, InterruptedException {
    int code =
        new ProcessBuilder("kill", "-" + name, Long.toString(pid())).inheritIO().start().waitFor();
    if (code != 0) {
      throw new IOException("the process " + pid() + " is not there: " + said());
    }
  }

  /** Whether it has ended within this time. */
  public boolean ends(long millis) throws InterruptedException {
    return process.waitFor(millis, TimeUnit.MILLISECONDS);
  }

  /** Waits for its end; what it wrote to either stream is its output. */
  public Installation.Ended await(long seconds) throws InterruptedException {
    if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
      throw new IllegalStateException("not over after " + seconds + " s: " + said());
    }
    return new Installation.Ended(process.exitValue(), said(), "");
  }

  /** What it has written so far. */
  public String said() {
    try {
      return Files.exists(output)
          ? new String(Files.readAllBytes(output), StandardCharsets.UTF_8)
          : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
