package fathomexport.config;

import fathomexport.config.YamlNode.Scalar;
import fathomexport.report.NearMiss;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** How a nightly run treats stored days of the look-back: {@code lookback:}. */
enum LookbackMode {
  /** Fetches the days that the control query does not confirm. */
  CONFIRM,
  /** Fetches all days. */
  FETCH;

  String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Returns the written forms of all modes. */
  static List<String> labels() {
    return Arrays.stream(values()).map(LookbackMode::label).toList();
  }

  /** Decodes a mode; empty if there is a problem. */
  static Optional<LookbackMode> decode(
      YamlNode node, String path, Values values, Problems problems) {
    List<String> labels = labels();
    String allowed = "allowed: " + String.join(", ", labels);
    Optional<Scalar> text = values.text(node, path, allowed);
    if (text.isEmpty()) {
      return Optional.empty();
    }
    Optional<LookbackMode> mode =
        Arrays.stream(values()).filter(m -> m.label().equals(text.get().text())).findFirst();
    if (mode.isEmpty()) {
      problems.add(
          text.get().at(),
          path,
          Problems.quote(text.get().text())
              + " is not a kind of look-back"
              + NearMiss.hint(text.get().text(), labels),
          allowed);
    }
    return mode;
  }
}
