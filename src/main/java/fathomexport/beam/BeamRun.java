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

/** Hands a plan to a runner and waits for its end. */
public final class BeamRun {
  private final List<String> arguments;
  private final int mostLanes;

  /**
   * @param arguments Beam's own options, such as {@code --runner=FlinkRunner}
   * @param mostLanes requests in flight
   */
  public BeamRun(List<String> arguments, int mostLanes) {
    this.arguments = List.copyOf(arguments);
    this.mostLanes = mostLanes;
  }

  /**
   * Exports tasks to the end, and has the ledger keep what has become of them.
   *
   * @param lost what was lost before, for the summary
   * @return billed requests, over all workers
   * @throws LedgerException when the ledger could not be told how the run ended
   */
  public long export(RunContext run, List<FetchTask> tasks, RunSummary lost) {
    List<Lane> lanes = Lane.deal(run.failures().troubledLast(tasks), mostLanes);
    run.lost(lost);
    PipelineOptions options = options(lanes.size());
    if (isDirect(options)) {
      // The first windows come while the runner gets ready.
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
   * The same with the samples of some sites.
   *
   * @param detailed whether pages and referrers are asked for, too
   */
  public long sample(RunContext run, SiteQueue sites, boolean detailed, RunSummary lost) {
    return execute(
        options(1),
        run,
        List.of(sites),
        SiteQueue.class,
        (context, queue) -> new SiteSamples(context, detailed).sample(queue),
        lost);
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
    Pipeline pipeline = Pipeline.create(options);
    ExportPipeline.build(pipeline, run.spec(), lanes, type, work, lost);
    try (RunRegistry.Registration registered = RunRegistry.register(run)) {
      Objects.requireNonNull(registered);
      PipelineResult result = pipeline.run();
      result.waitUntilFinish();
      return requests(result);
    } catch (Pipeline.PipelineExecutionException e) {
      // A runner wraps what a step threw; a ledger out of reach is no internal error.
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
      // They copy and compare every element; ours are lanes and sums that no step changes.
      direct.setEnforceImmutability(false);
      direct.setEnforceEncodability(false);
      // A thread a lane, and no more: this runner polls without a pause while one is free.
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

  /** What runs the steps. */
  public static String beamVersion() {
    return ReleaseInfo.getReleaseInfo().getVersion();
  }
}
