package fathomexport.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/**
 * The table that {@link GrowthBench} writes, and the plot of it: for each thing that is doubled, a
 * line per size. A series that is not measured again stays as an earlier run has written it.
 */
final class GrowthTable {
  private static final String HEADER =
      """
      | doubled | | backfill: requests | hours at the quota | processor seconds | of PostgreSQL | MB of memory | connections | MB stored | night: requests | minutes | processor seconds | MB |
      |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
      """;

  /** How the numbers of a line are written. */
  private static final List<String> FORMATS =
      List.of(
          "%,.0f", "%,.0f", "%.2f", "%.1f", "%.1f", "%.0f", "%.0f", "%.1f", "%,.0f", "%.1f", "%.1f",
          "%.0f");

  /** The costs of a backfill that are drawn, from the numbers of a line. */
  private static final Map<String, Function<List<Double>, Double>> DRAWN = drawn();

  private final Map<String, List<List<Double>>> series = new LinkedHashMap<>();

  private static Map<String, Function<List<Double>, Double>> drawn() {
    Map<String, Function<List<Double>, Double>> drawn = new LinkedHashMap<>();
    drawn.put("hours at the quota", numbers -> numbers.get(2));
    drawn.put("processor seconds", numbers -> numbers.get(3) + numbers.get(4));
    drawn.put("memory", numbers -> numbers.get(5));
    drawn.put("connections", numbers -> numbers.get(6));
    drawn.put("MB stored", numbers -> numbers.get(7));
    return drawn;
  }

  /** Reads what a file has, if it exists, in the order of these series. */
  GrowthTable(Path file, Iterable<String> names) throws IOException {
    names.forEach(name -> series.put(name, new ArrayList<>()));
    if (Files.exists(file)) {
      for (String line : Files.readAllLines(file)) {
        List<String> cells = Arrays.stream(line.split("\\|", -1)).map(String::strip).toList();
        if (cells.size() == FORMATS.size() + 3 && series.containsKey(cells.get(1))) {
          series
              .get(cells.get(1))
              .add(
                  cells.subList(2, cells.size() - 1).stream()
                      .map(cell -> Double.valueOf(cell.replace(",", "")))
                      .toList());
        }
      }
    }
  }

  /** Puts a series in the place of the one that the file had. */
  void put(String name, List<List<Double>> lines) {
    series.put(name, lines);
  }

  String text() {
    StringBuilder text = new StringBuilder(HEADER);
    series.forEach(
        (name, lines) -> {
          for (List<Double> numbers : lines) {
            text.append("| ").append(name);
            for (int i = 0; i < FORMATS.size(); i++) {
              text.append(" | ").append(String.format(Locale.ROOT, FORMATS.get(i), numbers.get(i)));
            }
            text.append(" |\n");
          }
        });
    return text.toString();
  }

  /** Returns the picture of all series that there are. */
  String svg() {
    Map<String, Map<String, List<Double>>> panels = new LinkedHashMap<>();
    series.forEach(
        (name, lines) -> {
          if (!lines.isEmpty()) {
            Map<String, List<Double>> ratios = new LinkedHashMap<>();
            DRAWN.forEach(
                (cost, of) -> {
                  double first = of.apply(lines.get(0));
                  ratios.put(cost, lines.stream().map(n -> of.apply(n) / first).toList());
                });
            panels.put(name, ratios);
          }
        });
    return GrowthPlot.svg(panels);
  }
}
