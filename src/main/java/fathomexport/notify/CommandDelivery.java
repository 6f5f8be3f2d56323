package fathomexport.notify;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Starts a program with the summary on its standard input, without a shell, and ends it when its
 * time is over. The program does not receive the environment variables that hold secrets.
 */
final class CommandDelivery implements Delivery {
  /** What is kept of the program's output, for the message if it fails. */
  private static final int KEPT = 4_096;

  /** How long the end of the output is waited for when the program itself has ended. */
  private static final Duration LAST_WORDS = Duration.ofMillis(500);

  private final List<String> words;
  private final Path directory;
  private final Map<String, String> variables;
  private final Set<String> withheld;
  private final Duration deadline;

  /**
   * @param words the program and its arguments; a program with a slash is relative to the directory
   * @param withheld names of the variables that the program does not receive
   */
  CommandDelivery(
      List<String> words,
      Path directory,
      Map<String, String> variables,
      Set<String> withheld,
      Duration deadline) {
    this.words = List.copyOf(words);
    this.directory = directory;
    this.variables = variables;
    this.withheld = withheld;
    this.deadline = deadline;
  }

  @Override
  public String name() {
    return "command " + words.get(0);
  }

  @Override
  public void deliver(String summary) throws IOException, InterruptedException {
    List<String> started = new ArrayList<>(words);
    if (started.get(0).contains("/")) {
      started.set(0, directory.resolve(started.get(0)).toString());
    }
    ProcessBuilder builder =
        new ProcessBuilder(started).directory(directory.toFile()).redirectErrorStream(true);
    builder.environment().clear();
    builder.environment().putAll(variables);
    builder.environment().keySet().removeAll(withheld);
    Process process = builder.start();
    try {
      background("notify-input", () -> write(process.getOutputStream(), summary));
      AtomicReference<String> said = new AtomicReference<>("");
      Thread reader = background("notify-output", () -> read(process.getInputStream(), said));
      if (!process.waitFor(deadline.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new IOException("did not end within " + deadline.toMillis() + " ms, and was ended");
      }
      if (process.exitValue() != 0) {
        reader.join(LAST_WORDS.toMillis());
        String last = Objects.requireNonNullElse(said.get(), "").strip();
        throw new IOException(
            "ended with exit code "
                + process.exitValue()
                + (last.isEmpty() ? "" : ": " + last.substring(last.lastIndexOf('\n') + 1)));
      }
    } finally {
      // What it started in turn would otherwise stay, also beyond its time.
      if (process.isAlive()) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
      }
    }
  }

  private static Thread background(String name, Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  /** Writes the summary; a program that does not read it to its end has decided so. */
  private static void write(OutputStream input, String summary) {
    try (input) {
      input.write((summary + "\n").getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      // Its exit code says whether it needed what it did not read.
      return;
    }
  }

  /** Reads all output, so that the program is never blocked by it, and keeps the end of it. */
  private static void read(InputStream output, AtomicReference<String> said) {
    byte[] buffer = new byte[KEPT];
    try (output) {
      for (int n = output.read(buffer); n >= 0; n = output.read(buffer)) {
        String all = said.get() + new String(buffer, 0, n, StandardCharsets.UTF_8);
        said.set(all.substring(Math.max(0, all.length() - KEPT)));
      }
    } catch (IOException e) {
      said.accumulateAndGet("\n(its output could not be read)", String::concat);
    }
  }
}
