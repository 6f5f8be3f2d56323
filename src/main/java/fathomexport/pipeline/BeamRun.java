package fathomexport.pipeline;

import fathomexport.ledger.LedgerException;
import fathomexport.plan.FetchTask;
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

/** Hands a plan to a runner and waits for its end. */
final class BeamRun {
  /** Not on the class path by default, so known by its name only. */
  private static final String FLINK = "FlinkRunner";

  private final List<String> arguments;
  private final int lanes;

  /**
   * @param arguments Beam's own options, such as {@code --runner=FlinkRunner}
   * @param lanes requests in flight
   */
  BeamRun(List<String> arguments, int lanes) {
    this.arguments = List.copyOf(arguments);
    this.lanes = lanes;
  }

  /**
   * Runs to the end.
   *
   * @param lost what was lost before, for the summary
   * @return billed requests, over all workers
   * @throws LedgerException when the ledger could not be told how the run ended
   */
  long execute(ExportSpec spec, List<FetchTask> tasks, List<WindowOutcome> lost) {
    List<Lane> plan = Lane.deal(tasks, lanes);
    return execute(
        pipeline -> {
          if (pipeline.getOptions().getRunner().equals(DirectRunner.class)) {
            // Its steps run in this process: the first windows come while it gets ready.
            plan.forEach(RunServices.of(spec).prefetcher()::start);
          }
          ExportPipeline.build(pipeline, spec, plan, lost);
        });
  }

  /**
   * Runs a pipeline to the end.
   *
   * @param steps adds them
   * @return billed requests, over all workers
   * @throws LedgerException when the ledger could not be told how the run ended
   */
  long execute(Consumer<Pipeline> steps) {
    PipelineOptions options = options();
    Pipeline pipeline = Pipeline.create(options);
    steps.accept(pipeline);
    try {
      PipelineResult result = pipeline.run();
      result.waitUntilFinish();
      return requests(result);
    } catch (Pipeline.PipelineExecutionException e) {
      // A runner wraps what a step threw; a ledger out of reach is no fault of ours.
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
    if (options.getRunner().equals(DirectRunner.class)) {
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
    return options.getRunner().equals(DirectRunner.class)
        || options.as(StreamingOptions.class).isStreaming();
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
}
