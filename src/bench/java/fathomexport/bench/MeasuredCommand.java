package fathomexport.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A command of fathom-export as a process that the launcher starts, as for its users, with the time
 * and memory that it takes.
 *
 * @param arguments what follows the launcher on the command line
 */
record MeasuredCommand(List<String> arguments, Process process, Path log, long begun) {
  /** The environment variable with the options of the exporter's JVM. */
  static final String JAVA_OPTIONS = "FATHOM_EXPORT_JAVA_OPTS";

  private static final Pattern PEAK = Pattern.compile("VmHWM:\\s+(\\d+) kB");

  /**
   * What a command took.
   *
   * @param seconds from its start to its end
   * @param busy seconds of processor time
   * @param megabytes its largest resident set
   */
  record Cost(double seconds, double busy, double megabytes) {}

  /**
   * Starts a command; {@code bench.java} has more options for its JVM, unless the environment has
   * all of them.
   */
  static MeasuredCommand start(
      Path launcher, Path directory, Map<String, String> environment, List<String> arguments)
      throws IOException {
    List<String> line = new ArrayList<>(List.of(launcher.toString()));
    line.addAll(arguments);
    Path log = Files.createTempFile(directory, "command", ".log");
    ProcessBuilder builder =
        new ProcessBuilder(line)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put(JAVA_OPTIONS, System.getProperty("bench.java", ""));
    builder.environment().putAll(environment);
    return start(builder, arguments, log);
  }

  /** Starts any other program, whose output goes to the log. */
  static MeasuredCommand start(Path directory, List<String> line) throws IOException {
    Path log = Files.createTempFile(directory, "command", ".log");
    return start(
        new ProcessBuilder(line).redirectErrorStream(true).redirectOutput(log.toFile()), line, log);
  }

  private static MeasuredCommand start(ProcessBuilder builder, List<String> arguments, Path log)
      throws IOException {
    long begun = System.nanoTime();
    return new MeasuredCommand(arguments, builder.start(), log, begun);
  }

  /**
   * Waits for the end of the command.
   *
   * @throws IOException if it ends with another exit code than 0, with all that it printed
   */
  Cost await() throws IOException, InterruptedException {
    long peak = 0;
    Duration busy = Duration.ZERO;
    do {
      // The launcher becomes the program, so it is the same process. Both numbers are gone once it
      // has ended, so they are read until then; the end itself is noticed at once.
      peak = Math.max(peak, peak(process.pid()));
      busy = process.info().totalCpuDuration().orElse(busy);
    } while (!process.waitFor(20, TimeUnit.MILLISECONDS));
    double seconds = (System.nanoTime() - begun) / 1e9;
    if (process.exitValue() != 0) {
      throw new IOException(
          arguments + " ended with " + process.exitValue() + ": " + Files.readString(log));
    }
    return new Cost(seconds, busy.toMillis() / 1000.0, peak / 1024.0);
  }

  /** Returns the largest resident set so far, in kB; 0 if the process has ended. */
  static long peak(long pid) {
    try {
      Matcher found = PEAK.matcher(Files.readString(Path.of("/proc", Long.toString(pid), "status")));
      return found.find() ? Long.parseLong(found.group(1)) : 0;
    } catch (IOException e) {
      return 0;
    }
  }
}
