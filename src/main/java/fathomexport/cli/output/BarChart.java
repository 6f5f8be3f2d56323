package fathomexport.cli.output;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The model of a bar chart on the status page: sizes and positions in the units of its picture. */
final class BarChart {
  private static final int WIDTH = 600;
  private static final int FOOT = 150;
  private static final int HEIGHT = 130;
  private static final int WIDEST_BAR = 24;

  private BarChart() {}

  /**
   * A bar.
   *
   * @param title what is shown of it when a pointer is on it
   * @param label what stands above it; may be empty
   */
  record Bar(long value, boolean good, String title, String label) {}

  /**
   * Returns the model of a chart.
   *
   * @param from what stands below the first bar
   * @param to what stands below the last bar, if there is more than one
   */
  static Map<String, Object> of(
      String title, String caption, List<Bar> bars, String from, String to) {
    long most = Math.max(1, bars.stream().mapToLong(Bar::value).max().orElse(0));
    double step = Math.min(WIDEST_BAR, (double) WIDTH / Math.max(1, bars.size()));
    List<Map<String, Object>> views = new ArrayList<>();
    for (int i = 0; i < bars.size(); i++) {
      Bar bar = bars.get(i);
      // A value above zero is always visible.
      double height = bar.value() == 0 ? 1 : Math.max(2, (double) HEIGHT * bar.value() / most);
      Map<String, Object> view = new LinkedHashMap<>();
      view.put("style", bar.good() ? "ok" : "bad-bar");
      view.put("x", decimal(i * step));
      view.put("y", decimal(FOOT - height));
      view.put("width", decimal(Math.max(1, step - 2)));
      view.put("height", decimal(height));
      view.put("middle", decimal(i * step + (step - 2) / 2));
      view.put("labelY", decimal(FOOT - height - 3));
      view.put("title", bar.title());
      view.put("label", bar.label());
      views.add(view);
    }
    Map<String, Object> chart = new LinkedHashMap<>();
    chart.put("title", title);
    chart.put("caption", caption);
    chart.put("top", Printer.number(most));
    chart.put("bars", views);
    chart.put("from", from);
    chart.put("to", bars.size() > 1 ? to : "");
    return chart;
  }

  private static String decimal(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }
}
