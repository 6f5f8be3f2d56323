package fathomexport.beam;

import fathomexport.ledger.LedgerException;
import fathomexport.plan.FetchTask;
import fathomexport.run.ExportFailedException;
import fathomexport.run.ExportSpec;
import fathomexport.run.FailureKind;
import fathomexport.run.RunSummary;
import java.util.List;
import java.util.function.Consumer;
import org.apache.beam.runners.direct.DirectOptions;
import org.apache.beam.runners.direct.DirectRunner;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.PipelineResult;
import org.apache.beam.sdk.metrics.MetricNameFilter;
import org.apache.beam.sdk.metrics.MetricResult;
import org.apache.beam.sdk.metrics.MetricsFilter;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.apache.beam.sdk.options.StreamingOptions;
import org.apache.beam.sdk.util.ReleaseInfo;

/** Hands a plan to a runner and waits for its end. */
public final class BeamRun {
  /** Not on the class path by default, so known by its name only. */
  private static final String FLINK = "FlinkRunner";

  /** Tasks of a leg. */
  private static final int LEG = 500;

  private final List<String> arguments;
  private final int lanes;

  /**
   * @param arguments Beam's own options, such as {@code --runner=FlinkRunner}
   * @param lanes requests in flight
   */
  public BeamRun(List<String> arguments, int lanes) {
    this.arguments = List.copyOf(arguments);
    this.lanes = lanes;
  }

  /**
   * Runs to the end; in this process a leg at a time, since its runner forgets nothing of what it
   * has come by.
   *
   * @param before what was lost before, for the summary
   * @return billed requests, over all workers
   * @throws LedgerException when the ledger could not be told how the run ended
   */
  public long execute(ExportSpec spec, List<FetchTask> tasks, RunSummary before) {
    PipelineOptions options = options();
    RunServices run = RunServices.of(spec);
    if (!isDirect(options)) {
      return leg(options, spec, Lane.deal(run.troubledLast(tasks), lanes), before, true);
    }
    RunSummary sofar = before;
    long requests = 0;
    List<FetchTask> left = run.troubledLast(tasks);
    while (!left.isEmpty()) {
      // What is left when nothing more is asked for is only told.
      int leg = run.halted().isPresent() ? left.size() : Math.min(left.size(), LEG);
      List<Lane> plan = Lane.deal(left.subList(0, leg), lanes);
      // The first windows come while the runner gets ready.
      run.prefetcher().begin(plan);
      requests += leg(options, spec, plan, sofar, leg == left.size());
      sofar = run.summary();
      left = run.troubledLast(left.subList(leg, left.size()));
    }
    return requests;
  }

  private static long leg(
      PipelineOptions options, ExportSpec spec, List<Lane> plan, RunSummary before, boolean last) {
    return execute(options, pipeline -> ExportPipeline.build(pipeline, spec, plan, before, last));
  }

  private static boolean isDirect(PipelineOptions options) {
    return options.getRunner().equals(DirectRunner.class);
  }

  /**
   * Runs a pipeline to the end.
   *
   * @param steps adds them
   * @return billed requests, over all workers
   * @throws LedgerException when the ledger could not be told how the run ended
   */
  public long execute(Consumer<Pipeline> steps) {
    return execute(options(), steps);
  }

  private static long execute(PipelineOptions options, Consumer<Pipeline> steps) {
    Pipeline pipeline = Pipeline.create(options);
    steps.accept(pipeline);
    try {
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

  private PipelineOptions options() {
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
      // They copy and compare every element; ours are batches that no step changes.
      direct.setEnforceImmutability(false);
      direct.setEnforceEncodability(false);
      // This runner polls without a pause while a thread of its pool is free. Its only thread waits
      // for
      // what the lanes fetch on threads of their own, and in between types and commits.
      direct.setTargetParallelism(1);
    } else if (options.getRunner().getSimpleName().equals(FLINK)
        && arguments.stream().noneMatch(a -> a.startsWith("--streaming"))) {
      // As a batch it would keep every window until the last is fetched, and lose them when it
      // dies.
      options.as(StreamingOptions.class).setStreaming(true);
    }
    return options;
  }

  /**
   * Whether a step that says "resume" lets go of what it has put out: the Direct Runner does,
   * others only when they run a pipeline as a stream.
   */
  static boolean checkpoints(PipelineOptions options) {
    return isDirect(options) || options.as(StreamingOptions.class).isStreaming();
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
