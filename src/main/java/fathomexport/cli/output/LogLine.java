package fathomexport.cli.output;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import fathomexport.cli.process.LogFormat;
import fathomexport.cli.process.ShownStream;
import fathomexport.report.ShownText;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One log line: a JSON object with a fixed set of keys in a fixed order, or the same as text. A key
 * without a value is null in JSON and left out in text; only {@code account} is left out in both,
 * where there are no several accounts. docs/operations.md describes the keys.
 */
public final class LogLine implements ShownStream.Escaped {
  static final String ACCOUNT = "account";

  static final List<String> KEYS =
      List.of(
          "ts",
          "level",
          "event",
          "run_id",
          "pipeline",
          "command",
          "report",
          "site",
          ACCOUNT,
          "event_name",
          "first",
          "last",
          "status",
          "windows",
          "rows",
          "requests",
          "requests_so_far",
          "exit_code",
          "logger",
          "until",
          "reason");

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Map<String, @Nullable Object> values = new LinkedHashMap<>();

  private LogLine() {
    KEYS.forEach(key -> values.put(key, null));
  }

  public static LogLine of(Instant at, String level, String event) {
    return new LogLine().with("ts", at.toString()).with("level", level).with("event", event);
  }

  /**
   * Sets a value.
   *
   * @param value text or a whole number
   * @throws IllegalArgumentException if the key is unknown
   */
  public LogLine with(String key, @Nullable Object value) {
    if (!values.containsKey(key)) {
      throw new IllegalArgumentException("a log line has no key " + key);
    }
    values.put(key, value);
    return this;
  }

  /** Returns the format that applies if the user does or does not name one. */
  static LogFormat format(@Nullable LogFormat asked, boolean terminal) {
    return asked != null ? asked : terminal ? LogFormat.TEXT : LogFormat.JSON;
  }

  /** Returns whether the line reports nothing that went wrong. */
  boolean isRoutine() {
    return "INFO".equals(values.get("level"));
  }

  /**
   * Returns the line for people, without its line break: time, level and event, then what has a
   * value, and the reason at the end.
   */
  String text() {
    StringBuilder line = new StringBuilder();
    values.forEach(
        (key, value) -> {
          if (value == null) {
            return;
          }
          line.append(line.isEmpty() ? "" : " ");
          switch (key) {
            case "ts", "level", "event" -> line.append(value);
            case "reason" -> line.append("reason: ").append(value);
            default -> line.append(key).append('=').append(value);
          }
        });
    return ShownText.line(line.toString());
  }

  /** Returns the line as JSON, without its line break. */
  @Override
  public String toString() {
    try {
      Map<String, @Nullable Object> shown = new LinkedHashMap<>(values);
      shown.remove(ACCOUNT, null);
      return ShownText.json(JSON.writeValueAsString(shown));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("cannot write a log line: " + values, e);
    }
  }
}
