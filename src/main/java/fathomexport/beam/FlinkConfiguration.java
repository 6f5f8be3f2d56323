package fathomexport.beam;

import fathomexport.run.ExportFailedException;
import fathomexport.run.FailureKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The configuration of Flink's client: the user's, and what Beam has no option for.
 *
 * @param file the user's file, or the one to write
 * @param lines what it contains
 */
record FlinkConfiguration(Path file, List<String> lines) {
  /** As Flink looks for them. */
  private static final List<String> FILES = List.of("config.yaml", "flink-conf.yaml");

  /**
   * What is set unless the user has set it. Flink's other scheduler of batches starts fewer workers
   * than it is asked to, by the bytes that they read; lanes have next to none, so it would export
   * them one after the other. And Flink's client would try a minute for each question about a job.
   */
  private static final Map<String, String> DEFAULTS =
      new TreeMap<>(
          Map.of(
              "jobmanager.scheduler", "Default",
              "rest.retry.max-attempts", "4",
              "rest.retry.delay", "1000"));

  /** How long a slot is waited for; Flink's own default. */
  private static final Duration SLOT_PATIENCE = Duration.ofMinutes(5);

  private static final Pattern LINE = Pattern.compile("\\s*([a-z][\\w.-]*)\\s*:\\s*(.*?)\\s*");
  private static final Pattern LENGTH = Pattern.compile("(\\d+)\\s*([a-z]*)");

  FlinkConfiguration {
    lines = List.copyOf(lines);
  }

  /**
   * Reads a configuration.
   *
   * @param users the directory of the user's own; null if there is none
   */
  static FlinkConfiguration of(@Nullable Path users) {
    Optional<Path> file =
        users == null
            ? Optional.empty()
            : FILES.stream().map(users::resolve).filter(Files::isRegularFile).findFirst();
    try {
      return new FlinkConfiguration(
          file.orElse(Path.of(FILES.get(1))),
          file.isPresent() ? Files.readAllLines(file.get()) : List.of());
    } catch (IOException e) {
      throw new ExportFailedException(
          FailureKind.CONFIGURATION, "the configuration of Flink cannot be read: " + e, e);
    }
  }

  /** Returns the value of a key, if the user has set it on a line. */
  private Optional<String> value(String key) {
    return lines.stream()
        .map(LINE::matcher)
        .filter(line -> line.matches() && line.group(1).equals(key))
        .map(line -> line.group(2).replaceAll("^[\"']|[\"']$", ""))
        .findFirst();
  }

  /** Returns the port of the manager's REST service. */
  int port() {
    return value("rest.port")
        .filter(v -> v.matches("\\d{1,5}"))
        .map(Integer::parseInt)
        .orElse(FlinkMaster.PORT);
  }

  /** Returns how long a slot is waited for. */
  Duration slotPatience() {
    return value("slot.request.timeout").flatMap(FlinkConfiguration::length).orElse(SLOT_PATIENCE);
  }

  /**
   * Reads a length of time as Flink writes it: a number of milliseconds, or a number and a unit.
   */
  private static Optional<Duration> length(String text) {
    Matcher matcher = LENGTH.matcher(text.strip().toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      return Optional.empty();
    }
    long number = Long.parseLong(matcher.group(1));
    return switch (matcher.group(2)) {
      case "", "ms", "milli", "millis", "millisecond", "milliseconds" ->
          Optional.of(Duration.ofMillis(number));
      case "s", "sec", "secs", "second", "seconds" -> Optional.of(Duration.ofSeconds(number));
      case "min", "m", "minute", "minutes" -> Optional.of(Duration.ofMinutes(number));
      case "h", "hour", "hours" -> Optional.of(Duration.ofHours(number));
      default -> Optional.empty();
    };
  }

  /** Writes it, with what is set by default, to a new directory; returns that. */
  Path writtenTo(Path parent) {
    List<String> all = new ArrayList<>(lines);
    DEFAULTS.forEach(
        (key, value) -> {
          if (value(key).isEmpty()) {
            all.add(key + ": " + value);
          }
        });
    try {
      Path directory = Files.createTempDirectory(parent, "flink-");
      Files.write(directory.resolve(file.getFileName()), all);
      return directory;
    } catch (IOException e) {
      throw new ExportFailedException(
          FailureKind.STORAGE, "the configuration of Flink cannot be written: " + e, e);
    }
  }
}
