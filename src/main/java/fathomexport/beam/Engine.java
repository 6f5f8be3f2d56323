package fathomexport.beam;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What a run can be spread over several machines by. The default build has neither. */
enum Engine {
  FLINK("Flink", "slots", "TaskManagers"),
  SPARK("Spark", "cores", "workers");

  private static final String OPTION = "--runner=";

  private final String title;
  private final String places;
  private final String workers;

  Engine(String title, String places, String workers) {
    this.title = title;
    this.places = places;
    this.workers = workers;
  }

  /** Returns the engine that Beam's options name, whether or not the build has it. */
  static Optional<Engine> named(List<String> arguments) {
    return arguments.stream()
        .filter(argument -> argument.startsWith(OPTION))
        .map(argument -> argument.substring(OPTION.length()).toLowerCase(Locale.ROOT))
        .findFirst()
        .flatMap(
            name ->
                Arrays.stream(values())
                    .filter(engine -> name.contains(engine.profile()))
                    .findFirst());
  }

  /** Returns its name for people. */
  String title() {
    return title;
  }

  /** Returns what a lane takes one of. */
  String places() {
    return places;
  }

  /** Returns the processes that have those. */
  String workers() {
    return workers;
  }

  /** Returns the simple name of the class of its runner. */
  String runner() {
    return title + "Runner";
  }

  /** Returns the profile of the build that brings it. */
  String profile() {
    return title.toLowerCase(Locale.ROOT);
  }
}
