package fathomexport.cli.output;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.ToStringSerializer;
import fathomexport.report.ShownText;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Prints the result of a command: lines and tables for people, or one JSON document for programs.
 */
public final class Printer {
  private static final ObjectMapper JSON =
      new ObjectMapper()
          .setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .registerModule(
              new SimpleModule()
                  .addSerializer(LocalDate.class, ToStringSerializer.instance)
                  .addSerializer(Instant.class, ToStringSerializer.instance)
                  .addSerializer(ZoneId.class, ToStringSerializer.instance)
                  .addSerializer(Duration.class, ToStringSerializer.instance));

  private final PrintStream out;
  private final boolean json;

  public Printer(PrintStream out, boolean json) {
    this.out = out;
    this.json = json;
  }

  /** Returns whether the output is JSON. */
  public boolean json() {
    return json;
  }

  public void line(String text) {
    out.println(text);
  }

  /** Prints a value as JSON with field names in snake case and times in ISO 8601. */
  public void json(Object value) {
    try {
      out.print(ShownText.json(JSON.writeValueAsString(value)) + System.lineSeparator());
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("cannot print " + value.getClass(), e);
    }
  }

  /** Prints a table. Columns are as wide as their content; numbers are right-aligned. */
  public void table(List<String> header, List<List<String>> rows) {
    List<List<String>> all = new ArrayList<>();
    all.add(header);
    // The widths are those of the escaped cells.
    rows.forEach(row -> all.add(row.stream().map(ShownText::cell).toList()));
    int[] widths = new int[header.size()];
    for (List<String> row : all) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], row.get(i).codePointCount(0, row.get(i).length()));
      }
    }
    for (List<String> row : all) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < widths.length; i++) {
        String cell = row.get(i);
        String padding = " ".repeat(widths[i] - cell.codePointCount(0, cell.length()));
        line.append(i == 0 ? "" : "  ")
            .append(rightAligned(rows, i) ? padding + cell : cell + padding);
      }
      out.println(line.toString().stripTrailing());
    }
  }

  private static boolean rightAligned(List<List<String>> rows, int column) {
    return !rows.isEmpty()
        && rows.stream().map(r -> r.get(column)).allMatch(c -> c.matches("[0-9,.%]*"))
        && rows.stream().anyMatch(r -> !r.get(column).isEmpty());
  }

  /** Formats a number of things, whose name gets an s unless there is one of them. */
  static String count(long number, String what) {
    return number(number) + " " + what + (number == 1 ? "" : "s");
  }

  /** Formats a number with separators between thousands. */
  public static String number(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }

  /** Formats a size in bytes for people, in units from B to TiB. */
  public static String bytes(long bytes) {
    double size = bytes;
    String[] units = {"B", "KiB", "MiB", "GiB", "TiB"};
    int unit = 0;
    while (size >= 1024 && unit < units.length - 1) {
      size /= 1024;
      unit++;
    }
    return String.format(
        Locale.ROOT, unit == 0 || size >= 10 ? "%.0f %s" : "%.1f %s", size, units[unit]);
  }

  /** Formats a duration for people, in seconds, minutes or hours. */
  public static String time(Duration duration) {
    long seconds = duration.toSeconds();
    if (seconds < 60) {
      return seconds == 0 ? "less than 1 s" : seconds + " s";
    }
    long minutes = seconds / 60;
    return minutes < 60
        ? minutes + " min " + seconds % 60 + " s"
        : minutes / 60 + " h " + minutes % 60 + " min";
  }
}
