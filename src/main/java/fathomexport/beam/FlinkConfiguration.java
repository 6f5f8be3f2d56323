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
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * The configuration of Flink's client: the user's, and what Beam has no option for.
 *
 * @param file the user's file, or the one to write
 * @param lines what it contains
 * @param values what that says, by key
 */
record FlinkConfiguration(Path file, List<String> lines, Map<String, String> values) {
  /** Flink's older file has a key and a value on each line; it reads this one first. */
  private static final String LINES = "flink-conf.yaml";

  /** A file of YAML, whose keys may be nested. */
  private static final String YAML = "config.yaml";

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

  private static final Pattern LINE = Pattern.compile("\\s*([a-z][\\w.-]*)\\s*:\\s+(.*?)\\s*");
  private static final Pattern LENGTH = Pattern.compile("(\\d+)\\s*([a-z]*)");

  FlinkConfiguration {
    lines = List.copyOf(lines);
    values = Map.copyOf(values);
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
            : Stream.of(LINES, YAML).map(users::resolve).filter(Files::isRegularFile).findFirst();
    try {
      List<String> lines = file.isPresent() ? Files.readAllLines(file.get()) : List.of();
      Path place = file.orElse(Path.of(LINES));
      return new FlinkConfiguration(
          place, lines, place.endsWith(YAML) ? yaml(lines) : ofLines(lines));
    } catch (IOException | YamlEngineException e) {
      throw new ExportFailedException(
          FailureKind.CONFIGURATION,
          "the configuration of Flink cannot be read from "
              + users
              + ": "
              + String.valueOf(e.getMessage()).replaceAll("\\s+", " "),
          e);
    }
  }

  /** Reads keys and values line by line, as Flink does: what follows # is no part of the value. */
  private static Map<String, String> ofLines(List<String> lines) {
    Map<String, String> values = new TreeMap<>();
    for (String line : lines) {
      Matcher parts = LINE.matcher(line.split("#", 2)[0]);
      if (parts.matches()) {
        values.put(parts.group(1), parts.group(2).replaceAll("^[\"']|[\"']$", ""));
      }
    }
    return values;
  }

  private static Map<String, String> yaml(List<String> lines) {
    Map<String, String> values = new TreeMap<>();
    Object all = new Load(LoadSettings.builder().build()).loadFromString(String.join("\n", lines));
    if (all instanceof Map<?, ?> map) {
      flatten("", map, values);
    }
    return values;
  }

  private static void flatten(String prefix, Map<?, ?> map, Map<String, String> values) {
    map.forEach(
        (key, value) -> {
          if (value instanceof Map<?, ?> nested) {
            flatten(prefix + key + ".", nested, values);
          } else if (value != null) {
            values.put(prefix + key, value.toString());
          }
        });
  }

  private Optional<String> value(String key) {
    return Optional.ofNullable(values.get(key));
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
