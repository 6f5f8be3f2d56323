package fathomexport.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Draws what grows with what: one panel for each thing that is doubled, one line for each cost, as
 * ratios to the first point. Both axes double at each step, so that a cost in proportion is a
 * diagonal, and one that does not grow is level.
 */
final class GrowthPlot {
  private static final int PANEL = 190;
  private static final int SIDE = 140;

  /** From an eighth to eight times the first point. */
  private static final int HEIGHT = 2 * SIDE;

  private static final int TOP = 60;
  private static final int LEFT = 44;
  private static final int STEPS = 4;
  private static final String GRID = "#e3e3e3";
  private static final List<String> COLOURS =
      List.of("#1b6ca8", "#d1495b", "#2e7d32", "#8e5ea2", "#c77800");

  private GrowthPlot() {}

  /**
   * Returns the picture.
   *
   * @param panels for each thing that is doubled, for each cost, its ratios
   */
  static String svg(Map<String, Map<String, List<Double>>> panels) {
    int width = LEFT + PANEL * panels.size();
    StringBuilder svg = new StringBuilder();
    svg.append(
        String.format(
            Locale.ROOT,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\""
                + " font-size=\"11\">%n<title>Cost as a ratio to the smallest size, when one thing is"
                + " doubled</title>%n<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>%n",
            width,
            TOP + HEIGHT + 40));
    int at = 0;
    for (String cost : panels.values().iterator().next().keySet()) {
      int x = LEFT + at * 165;
      svg.append(line(List.of(x + 0.0, x + 24.0), List.of(16.0, 16.0), COLOURS.get(at)))
          .append(text(x + 30, 20, "start", cost));
      at++;
    }
    int left = LEFT;
    for (Map.Entry<String, Map<String, List<Double>>> panel : panels.entrySet()) {
      svg.append(panel(left, panel.getKey(), panel.getValue()));
      left += PANEL;
    }
    return svg.append("</svg>\n").toString();
  }

  private static String panel(int left, String name, Map<String, List<Double>> costs) {
    StringBuilder svg = new StringBuilder();
    svg.append(text(left, TOP - 12, "start", name + " doubled"));
    for (int step = 0; step < STEPS; step++) {
      double x = left + step * SIDE / (STEPS - 1.0);
      svg.append(line(List.of(x, x), List.of(TOP + 0.0, TOP + HEIGHT + 0.0), GRID))
          .append(text(x, TOP + HEIGHT + 16, "middle", "×" + (1 << step)));
    }
    for (int doubling = 1 - STEPS; doubling < STEPS; doubling++) {
      double y = y(doubling);
      String ratio = doubling < 0 ? "1/" + (1 << -doubling) : Integer.toString(1 << doubling);
      svg.append(line(List.of(left + 0.0, left + SIDE + 0.0), List.of(y, y), GRID))
          .append(text(left - 6, y + 4, "end", "×" + ratio));
    }
    int colour = 0;
    for (List<Double> ratios : costs.values()) {
      List<Double> xs = new ArrayList<>();
      List<Double> ys = new ArrayList<>();
      for (int step = 0; step < ratios.size(); step++) {
        xs.add(left + step * SIDE / (STEPS - 1.0));
        ys.add(y(Math.log(ratios.get(step)) / Math.log(2)));
      }
      svg.append(line(xs, ys, COLOURS.get(colour)));
      colour++;
    }
    return svg.toString();
  }

  /** Returns the height at which a number of doublings is drawn. */
  private static double y(double doublings) {
    return TOP + SIDE - doublings * SIDE / (STEPS - 1.0);
  }

  private static String line(List<Double> xs, List<Double> ys, String colour) {
    StringBuilder points = new StringBuilder();
    for (int i = 0; i < xs.size(); i++) {
      points.append(String.format(Locale.ROOT, "%.1f,%.1f ", xs.get(i), ys.get(i)));
    }
    return String.format(
        Locale.ROOT,
        "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"%s\" points=\"%s\"/>%n",
        colour,
        colour.equals(GRID) ? "1" : "2",
        points.toString().strip());
  }

  private static String text(double x, double y, String anchor, String text) {
    return String.format(
        Locale.ROOT,
        "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>%n",
        x,
        y,
        anchor,
        text);
  }
}
