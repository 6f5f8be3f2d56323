package fathomexport.demo;

import fathomexport.cli.output.Printer;
import java.util.List;

/** Draws numbers as a line of bars. */
final class Sparkline {
  private static final String BARS = "▁▂▃▄▅▆▇█";

  private Sparkline() {}

  /** Returns one bar per number, scaled to the largest, followed by the minimum and the maximum. */
  static String of(List<Long> values) {
    long most = values.stream().mapToLong(Long::longValue).max().orElse(0);
    long least = values.stream().mapToLong(Long::longValue).min().orElse(0);
    StringBuilder line = new StringBuilder();
    for (long value : values) {
      line.append(BARS.charAt(most == 0 ? 0 : (int) (value * (BARS.length() - 1) / most)));
    }
    return line.append("  ")
        .append(Printer.number(least))
        .append(" to ")
        .append(Printer.number(most))
        .append(" per day")
        .toString();
  }
}
