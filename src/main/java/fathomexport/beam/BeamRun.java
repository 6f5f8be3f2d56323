package fathomexport.beam;

import fathomexport.ledger.LedgerException;
import fathomexport.plan.FetchTask;
import fathomexport.run.ExportFailedException;
import fathomexport.run.FailureKind;
import fathomexport.run.RunSummary;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.window.Lane;
import fathomexport.window.LaneExport;
import fathomexport.window.RunContext;
import fathomexport.window.SiteQueue;
import fathomexport.window.SiteSamples;
import java.io.Serializable;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.ToIntFunction;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.PipelineResult;
import org.apache.beam.sdk.metrics.MetricNameFilter;
import org.apache.beam.sdk.metrics.MetricResult;
import org.apache.beam.sdk.metrics.MetricsFilter;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.util.ReleaseInfo;
import org.jspecify.annotations.Nullable;

/** Executes a plan on a Beam runner and waits for its end. */
public final class BeamRun {
  /** Why a run on a cluster is refused without a database. */
  public static final String NEEDS_A_DATABASE =
      "a run on several machines needs a database under postgres: in the settings that can be"
          + " reached: its workers share the quota and report what they do through it";

  /** The version of Flink that the profile of the build brings. */
  private static final String FLINK = "1.19";

  private final RunnerOptions options;
  private final ToIntFunction<String> mostLanes;

  /**
   * @param arguments Beam's own options, such as {@code --runner=FlinkRunner}
   * @param mostLanes returns the requests that an account may have in flight
   */
  public BeamRun(List<String> arguments, ToIntFunction<String> mostLanes) {
    this.options = new RunnerOptions(arguments);
    this.mostLanes = mostLanes;
  }

  /**
   * Exports tasks and records their result in the ledger.
   *
   * @param lost summary of what was lost before, which becomes part of the run's summary
   * @return billed requests of all workers
   * @throws LedgerException if the run's result could not be written to the ledger
   */
  public long export(RunContext run, List<FetchTask> tasks, RunSummary lost) {
    List<Lane> lanes = Lane.deal(run.failures().troubledLast(tasks), mostLanes);
    run.lost(lost);
    PipelineOptions chosen = options.of(lanes.size());
    if (!RunnerOptions.isDirect(chosen)) {
      return ClusterRun.export(options, run, lanes, lost);
    }
    // Fetch the first windows while the runner starts.
    run.begin(lanes);
    return execute(
        chosen,
        run,
        lanes,
        Lane.class,
        (context, lane) -> new LaneExport(context).export(lane),
        lost);
  }

  /**
   * Samples the current visitors of sites and records the result in the ledger.
   *
   * @param sites one queue per account
   * @param detailed whether to query pages and referrers as well
   * @param lost summary of what was lost before, which becomes part of the run's summary
   * @return billed requests of all workers
   */
  public long sample(RunContext run, List<SiteQueue> sites, boolean detailed, RunSummary lost) {
    PipelineOptions chosen = options.of(Math.max(1, sites.size()));
    if (!RunnerOptions.isDirect(chosen)) {
      throw new ExportFailedException(
          FailureKind.CONFIGURATION,
          "a snapshot takes seconds, and runs on this machine only: leave out --runner",
          null);
    }
    return execute(
        chosen,
        run,
        sites,
        SiteQueue.class,
        (context, queue) -> new SiteSamples(context, detailed).sample(queue),
        lost);
  }

  /**
   * Refuses a run that could not be executed, before it has asked the API anything.
   *
   * @param quota the database through which runs share the quotas of accounts; null if there is
   *     none
   * @throws ExportFailedException if Beam refuses the options, or a cluster cannot be reached or
   *     needs a database
   */
  public void require(@Nullable PostgresSettings quota, Map<String, String> variables) {
    if (!RunnerOptions.isDirect(options.of(1))) {
      var unused = ClusterRun.requireDatabase(quota);
      options
          .manager(options.flinkConfiguration(variables))
          .ifPresent(ClusterMaster::requireReachable);
    }
  }

  /** Returns whether the options choose the runner of a cluster, which the build may lack. */
  public static boolean isOnCluster(List<String> arguments) {
    return new RunnerOptions(arguments).engine().isPresent();
  }

  /**
   * What a check finds of a cluster that answers.
   *
   * @param words where it is and what it has
   * @param doubt why a run may not get on there as expected, and what to do; empty if there is
   *     nothing
   */
  public record Cluster(String words, String doubt) {}

  /**
   * Looks at the cluster that the options name; empty if they name none.
   *
   * @param lanes the number of lanes that a run may have
   * @throws ExportFailedException if no run could begin there: it does not answer, or has no room
   */
  public Optional<Cluster> cluster(int lanes, Map<String, String> variables) {
    return options
        .manager(options.flinkConfiguration(variables))
        .map(
            master -> {
              master.requireReachable();
              return master
                  .room()
                  .map(room -> cluster(master, room, lanes))
                  .orElseGet(() -> new Cluster(master + " answers", ""));
            });
  }

  private static Cluster cluster(ClusterMaster master, FlinkMaster.Room room, int lanes) {
    String words = "Flink " + room.version() + " at " + master + ": " + room.words();
    if (room.slots() == 0) {
      throw new ExportFailedException(
          FailureKind.TRY_LATER, words + ". Start TaskManagers, which export the lanes", null);
    }
    if (!room.version().startsWith(FLINK + ".")) {
      return new Cluster(
          words, "this program is built for Flink " + FLINK + ": use a cluster of that version");
    }
    return new Cluster(
        words,
        room.free() == 0
            ? "a run waits until other jobs end"
            : room.free() < lanes
                ? "a run has up to "
                    + FlinkMaster.counted(lanes, "lane")
                    + ", and those without a slot wait until others end"
                : "");
  }

  /**
   * Returns the name of the runner that the options choose.
   *
   * @throws ExportFailedException if Beam refuses the options
   */
  public String runner() {
    return options.of(1).getRunner().getSimpleName();
  }

  private static <L extends Serializable> long execute(
      PipelineOptions options,
      RunContext run,
      List<L> lanes,
      Class<L> type,
      ExportLane.LaneWork<L> work,
      RunSummary lost) {
    if (lanes.isEmpty()) {
      run.record(lost);
      return 0;
    }
    Pipeline pipeline = Pipeline.create(options);
    ExportPipeline.build(pipeline, run.spec(), lanes, type, work, lost);
    try (RunRegistry.Registration registered = RunRegistry.register(run)) {
      Objects.requireNonNull(registered);
      PipelineResult result = pipeline.run();
      result.waitUntilFinish();
      return requests(result);
    } catch (Pipeline.PipelineExecutionException e) {
      // The runner wraps the exceptions of a step. An unreachable ledger is not an internal error.
      if (e.getCause() instanceof LedgerException unreachable) {
        throw new LedgerException(String.valueOf(unreachable.getMessage()), e);
      }
      throw e;
    }
  }

  private static long requests(PipelineResult result) {
    MetricsFilter filter =
        MetricsFilter.builder()
            .addNameFilter(
                MetricNameFilter.named(
                    ExportPipeline.REQUESTS.getName().getNamespace(),
                    ExportPipeline.REQUESTS.getName().getName()))
            .build();
    long sum = 0;
    for (MetricResult<Long> counter : result.metrics().queryMetrics(filter).getCounters()) {
      sum += counter.getAttempted();
    }
    return sum;
  }

  /** Returns the version of Beam. */
  public static String beamVersion() {
    return ReleaseInfo.getReleaseInfo().getVersion();
  }
}
