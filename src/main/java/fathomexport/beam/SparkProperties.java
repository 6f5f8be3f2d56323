package fathomexport.beam;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The properties of Spark that a run needs and Beam has no options for. Spark reads them from the
 * properties of the process; those that the user has set there stay.
 */
final class SparkProperties implements AutoCloseable {
  private final List<String> added = new ArrayList<>();

  private SparkProperties() {}

  /** Sets them until the result is closed; another engine needs none. */
  static SparkProperties set(Engine engine, int lanes) {
    SparkProperties properties = new SparkProperties();
    if (engine != Engine.SPARK) {
      return properties;
    }
    of(lanes)
        .forEach(
            (name, value) -> {
              if (System.getProperty(name) == null) {
                System.setProperty(name, value);
                properties.added.add(name);
              }
            });
    return properties;
  }

  private static Map<String, String> of(int lanes) {
    return new TreeMap<>(
        Map.of(
            // Spark has older versions of the libraries that a run uses.
            "spark.executor.userClassPathFirst", "true",
            // Log4j has a configuration per class loader otherwise, and for the shipped jar none.
            "spark.executor.defaultJavaOptions",
                "-Dlog4j2.contextSelector="
                    + "org.apache.logging.log4j.core.selector.BasicContextSelector",
            // One process per lane, so that a lost one costs no other lane anything, and none is
            // started that has nothing to do.
            "spark.executor.cores", "1",
            "spark.cores.max", String.valueOf(lanes),
            // How often a lane begins again. Failures of windows are no reason.
            "spark.task.maxFailures", "10",
            // Two processes at the same lane would replace each other.
            "spark.speculation", "false",
            // A web service that no run needs.
            "spark.ui.enabled", "false"));
  }

  @Override
  public void close() {
    added.forEach(System::clearProperty);
  }
}
