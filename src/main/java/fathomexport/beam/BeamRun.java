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
import java.util.Objects;
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
   * @throws ExportFailedException if Beam refuses the options, or the runner needs a database
   */
  public void require(@Nullable PostgresSettings quota) {
    if (!RunnerOptions.isDirect(options.of(1))) {
      var unused = ClusterRun.requireDatabase(quota);
    }
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
      ExportLane.Work<L> work,
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
