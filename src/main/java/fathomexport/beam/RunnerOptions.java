package fathomexport.beam;

import fathomexport.run.ExportFailedException;
import fathomexport.run.FailureKind;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.beam.runners.direct.DirectOptions;
import org.apache.beam.runners.direct.DirectRunner;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.options.PipelineOptionsFactory;

/**
 * Beam's options of a run: those that the user gave, and what a run needs besides. There are three
 * runners: the Direct Runner, and Flink's and Spark's for several machines. A run on those is a
 * batch without checkpoints: a lane whose worker is lost starts over and asks the ledger what it
 * need not repeat.
 */
final class RunnerOptions {
  /** As the launcher builds: without the tests, and the checks that belong to mvn verify. */
  private static final String BUILD =
      " -Dmaven.test.skip=true -Dspotless.check.skip=true -Denforcer.skip=true package";

  static final String JOB = "fathom-export";

  /** The jar that the profile of an engine lays beside the program's. */
  private static final String CLUSTER_JAR = "fathom-export-cluster.jar";

  /**
   * How often Flink begins lost lanes again. Failures of windows are no reason: those are reported.
   */
  private static final int RESTARTS = 10;

  private static final int RESTART_PAUSE_MILLIS = 5_000;

  private static final String CONFIGURATION = "flinkConfDir";
  private static final String SPARK_MASTER = "sparkMaster";

  private final List<String> arguments;

  RunnerOptions(List<String> arguments) {
    this.arguments = List.copyOf(arguments);
  }

  /** An option that contradicts how a run works on a cluster. */
  private record RefusedOption(String option, String unless, String why) {}

  private static final RefusedOption STREAMING =
      new RefusedOption("streaming", "false", "a run is a batch");

  private static final List<RefusedOption> BY_FLINK =
      List.of(
          STREAMING,
          new RefusedOption("checkpointingInterval", "-1", "a lost lane continues from the ledger"),
          new RefusedOption(
              "savepointPath", "", "a run continues from the ledger, not from a savepoint"),
          new RefusedOption(
              "useDataStreamForBatch", "true", "the older API does not begin a lost lane again"),
          new RefusedOption(
              "attachedMode", "false", "the run is watched through the ledger's database"));

  private static final List<RefusedOption> BY_SPARK =
      List.of(
          STREAMING,
          new RefusedOption("bundleSize", "1", "each lane is a separate task"),
          new RefusedOption(
              "usesProvidedSparkContext", "false", "a run begins and ends its own context"));

  /** Returns Flink's configuration: the user's, if there is one and the run is not on Spark. */
  FlinkConfiguration flinkConfiguration(Map<String, String> variables) {
    if (engine().equals(Optional.of(Engine.SPARK))) {
      return FlinkConfiguration.of(null);
    }
    return FlinkConfiguration.of(
        given(CONFIGURATION)
            .or(() -> Optional.ofNullable(variables.get("FLINK_CONF_DIR")))
            .map(Path::of)
            .orElse(null));
  }

  /**
   * Returns the manager of the cluster; empty if no runner of a cluster is chosen, or if Flink runs
   * within this process. Also works for a build that lacks the runner.
   *
   * @throws ExportFailedException if the option is no address
   */
  Optional<FlinkMaster> master(FlinkConfiguration configuration) {
    return given("flinkMaster")
        .filter(address -> engine().equals(Optional.of(Engine.FLINK)))
        .flatMap(address -> FlinkMaster.at(address, configuration.port()));
  }

  /**
   * Returns the manager of the cluster, of whichever engine.
   *
   * @throws ExportFailedException if the option is no address
   */
  Optional<ClusterMaster> manager(FlinkConfiguration configuration) {
    return engine().equals(Optional.of(Engine.SPARK))
        ? given(SPARK_MASTER).flatMap(SparkMaster::at).map(ClusterMaster.class::cast)
        : master(configuration).map(ClusterMaster.class::cast);
  }

  /** Returns the engine that the options choose, which the build may lack. */
  Optional<Engine> engine() {
    return Engine.named(arguments);
  }

  /** Returns options for Flink's runner with this directory of its configuration. */
  PipelineOptions of(int lanes, Path flinkConfiguration) {
    List<String> all = new ArrayList<>(forFlink(lanes));
    all.removeIf(a -> a.startsWith("--" + CONFIGURATION + "="));
    all.add("--" + CONFIGURATION + "=" + flinkConfiguration);
    return parsed(all);
  }

  /**
   * Returns the options for a number of lanes.
   *
   * @throws ExportFailedException if Beam refuses them, or a run cannot obey them
   */
  PipelineOptions of(int lanes) {
    PipelineOptions options = parsed(arguments);
    if (isDirect(options)) {
      DirectOptions direct = options.as(DirectOptions.class);
      direct.setBlockOnRun(false);
      // These checks copy and compare every element. The elements of this pipeline are lanes and
      // summaries, which no step changes.
      direct.setEnforceImmutability(false);
      direct.setEnforceEncodability(false);
      // One thread per lane: this runner polls without a pause while a thread is idle.
      direct.setTargetParallelism(lanes);
      return options;
    }
    String runner = options.getRunner().getSimpleName();
    if (runner.equals(Engine.FLINK.runner())) {
      return parsed(forFlink(lanes));
    }
    if (runner.equals(Engine.SPARK.runner())) {
      return parsed(forSpark());
    }
    throw refused(
        "a run is tested with the Direct Runner, with "
            + Engine.FLINK.runner()
            + " and with "
            + Engine.SPARK.runner()
            + ", not with "
            + runner);
  }

  static boolean isDirect(PipelineOptions options) {
    return options.getRunner().equals(DirectRunner.class);
  }

  private void refuse(List<RefusedOption> options) {
    for (RefusedOption refused : options) {
      Optional<String> given = given(refused.option());
      if (given.isPresent() && !given.get().equals(refused.unless())) {
        throw refused("--" + refused.option() + " cannot be used: " + refused.why());
      }
    }
  }

  /** Without a size, bundles are of equal bytes, and one may be several lanes. */
  private List<String> forSpark() {
    refuse(BY_SPARK);
    if (given(SPARK_MASTER).isEmpty()) {
      throw refused("--" + SPARK_MASTER + "=spark://HOST:PORT is missing");
    }
    var unused = SparkMaster.at(given(SPARK_MASTER).get());
    List<String> all = new ArrayList<>(arguments);
    unlessGiven(all, "bundleSize", "1");
    unlessGiven(all, "enableSparkMetricSinks", "false");
    unlessGiven(all, "appName", JOB);
    unlessGiven(all, "jobName", JOB);
    clusterJar().ifPresent(jar -> unlessGiven(all, "filesToStage", jar.toString()));
    return all;
  }

  private List<String> forFlink(int lanes) {
    refuse(BY_FLINK);
    List<String> all = new ArrayList<>(arguments);
    unlessGiven(all, "useDataStreamForBatch", "true");
    unlessGiven(all, "attachedMode", "false");
    unlessGiven(all, "parallelism", String.valueOf(Math.max(1, lanes)));
    unlessGiven(all, "numberOfExecutionRetries", String.valueOf(RESTARTS));
    unlessGiven(all, "executionRetryDelay", String.valueOf(RESTART_PAUSE_MILLIS));
    unlessGiven(all, "shutdownSourcesAfterIdleMs", "0");
    unlessGiven(all, "jobName", JOB);
    clusterJar().ifPresent(jar -> unlessGiven(all, "filesToStage", jar.toString()));
    return all;
  }

  private void unlessGiven(List<String> all, String option, String value) {
    if (given(option).isEmpty()) {
      all.add("--" + option + "=" + value);
    }
  }

  private Optional<String> given(String option) {
    String prefix = "--" + option;
    return arguments.stream()
        .filter(a -> a.equals(prefix) || a.startsWith(prefix + "="))
        .map(a -> a.equals(prefix) ? "true" : a.substring(prefix.length() + 1))
        .findFirst();
  }

  /** Returns the jar for the workers, which lies beside the program's. */
  private static Optional<Path> clusterJar() {
    CodeSource source = RunnerOptions.class.getProtectionDomain().getCodeSource();
    if (source == null || source.getLocation() == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(Path.of(source.getLocation().toURI()).resolveSibling(CLUSTER_JAR))
          .filter(Files::isRegularFile);
    } catch (URISyntaxException e) {
      return Optional.empty();
    }
  }

  private static PipelineOptions parsed(List<String> arguments) {
    try {
      return PipelineOptionsFactory.fromArgs(arguments.toArray(new String[0]))
          .withValidation()
          .create();
    } catch (IllegalArgumentException e) {
      throw new ExportFailedException(
          FailureKind.CONFIGURATION,
          "Beam's options behind --: "
              + e.getMessage()
              + Engine.named(arguments)
                  .filter(engine -> String.valueOf(e.getMessage()).contains("Unknown 'runner'"))
                  .map(
                      engine ->
                          ". This build has no "
                              + engine.title()
                              + ": build it with mvn -P"
                              + engine.profile()
                              + BUILD)
                  .orElse(""),
          e);
    }
  }

  private static ExportFailedException refused(String why) {
    return new ExportFailedException(
        FailureKind.CONFIGURATION, "Beam's options behind --: " + why, null);
  }
}
