package fathomexport.beam;

import fathomexport.ledger.LedgerException;
import fathomexport.plan.FetchTask;
import fathomexport.run.ExportFailedException;
import fathomexport.run.FailureKind;
import fathomexport.run.RunSummary;
import fathomexport.window.Lane;
import fathomexport.window.LaneExport;
import fathomexport.window.RunContext;
import fathomexport.window.SiteQueue;
import fathomexport.window.SiteSamples;
import java.io.Serializable;
import java.util.List;
import java.util.Objects;
import java.util.function.ToIntFunction;
import org.apache.beam.runners.direct.DirectOptions;
import org.apache.beam.runners.direct.DirectRunner;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.PipelineResult;
import org.apache.beam.sdk.metrics.MetricNameFilter;
import org.apache.beam.sdk.metrics.MetricResult;
import org.apache.beam.sdk.metrics.MetricsFilter;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.apache.beam.sdk.util.ReleaseInfo;

/** Executes a plan on a Beam runner and waits for its end. */
public final class BeamRun {
  private final List<String> arguments;
  private final ToIntFunction<String> mostLanes;

  /**
   * @param arguments Beam's own options, such as {@code --runner=FlinkRunner}
   * @param mostLanes returns the requests that an account may have in flight
   */
  public BeamRun(List<String> arguments, ToIntFunction<String> mostLanes) {
    this.arguments = List.copyOf(arguments);
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
    PipelineOptions options = options(lanes.size());
    if (isDirect(options)) {
      // Fetch the first windows while the runner starts.
      run.begin(lanes);
    }
    return execute(
        options,
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
    return execute(
        options(Math.max(1, sites.size())),
        run,
        sites,
        SiteQueue.class,
        (context, queue) -> new SiteSamples(context, detailed).sample(queue),
        lost);
  }

  /**
   * Returns the name of the runner that the options choose.
   *
   * @throws ExportFailedException if Beam refuses the options
   */
  public String runner() {
    return options(1).getRunner().getSimpleName();
  }

  private static boolean isDirect(PipelineOptions options) {
    return options.getRunner().equals(DirectRunner.class);
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

  private PipelineOptions options(int lanes) {
    PipelineOptions options;
    try {
      options =
          PipelineOptionsFactory.fromArgs(arguments.toArray(new String[0]))
              .withValidation()
              .create();
    } catch (IllegalArgumentException e) {
      throw new ExportFailedException(
          FailureKind.CONFIGURATION, "Beam's options behind --: " + e.getMessage(), e);
    }
    if (isDirect(options)) {
      DirectOptions direct = options.as(DirectOptions.class);
      direct.setBlockOnRun(false);
      // These checks copy and compare every element. The elements of this pipeline are lanes and
      // summaries, which no step changes.
      direct.setEnforceImmutability(false);
      direct.setEnforceEncodability(false);
      // One thread per lane: this runner polls without a pause while a thread is idle.
      direct.setTargetParallelism(lanes);
    }
    return options;
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
