package fathomexport.beam;

import fathomexport.cluster.RunBoard;
import fathomexport.cluster.RunWatch;
import fathomexport.ledger.LedgerException;
import fathomexport.run.ExportFailedException;
import fathomexport.run.FailureKind;
import fathomexport.run.RunSummary;
import fathomexport.run.WindowOutcome;
import fathomexport.sink.SinkException;
import fathomexport.sink.postgres.db.PostgresSettings;
import fathomexport.window.Lane;
import fathomexport.window.RunContext;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.PipelineResult;
import org.apache.beam.sdk.coders.ListCoder;
import org.apache.beam.sdk.coders.SerializableCoder;
import org.apache.beam.sdk.metrics.MetricNameFilter;
import org.apache.beam.sdk.metrics.MetricResult;
import org.apache.beam.sdk.metrics.MetricsFilter;
import org.apache.beam.sdk.metrics.StringSetResult;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.transforms.Create;
import org.apache.beam.sdk.transforms.FlatMapElements;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.transforms.Reshuffle;
import org.apache.beam.sdk.values.TypeDescriptor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A run on a cluster: the lanes go to the workers, and this process, which holds the pipeline's
 * lock, watches them through the run's board until their job has ended.
 */
final class ClusterRun {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterRun.class);
  private static final Duration POLL = Duration.ofSeconds(1);

  /** A stopped run ends within 25 s, even if the cluster does not. */
  private static final Duration STOPPING = Duration.ofSeconds(15);

  /** After this time without an answer, the cluster has lost the job. */
  private static final Duration SILENCE = Duration.ofSeconds(90);

  /** After this time, a job that the cluster does not know will not come back. */
  private static final Duration UNKNOWN = Duration.ofSeconds(10);

  /** How Flink says it; its class is not on the class path of the default build. */
  private static final String NO_SUCH_JOB = "FlinkJobNotFoundException";

  private static final int MOST_SHOWN = 200;

  private final PipelineOptions options;
  private final RunContext run;
  private final List<Lane> lanes;
  private final RunWatch watch;

  /** Whether the cluster has not answered since it last did. */
  private boolean silent;

  /** Whether it answered that it does not know the job. */
  private boolean unknown;

  private ClusterRun(PipelineOptions options, RunContext run, List<Lane> lanes, RunBoard board) {
    this.options = options;
    this.run = run;
    this.lanes = lanes;
    this.watch = new RunWatch(board, run.environment(), run.spec().budget(), run::ended);
  }

  /**
   * Exports lanes and records their result in the ledger.
   *
   * @param lost summary of what was lost before
   * @return billed requests of all workers
   */
  static long export(RunnerOptions options, RunContext run, List<Lane> lanes, RunSummary lost) {
    PostgresSettings quota = requireDatabase(run.spec().quota());
    try (RunBoard board = new RunBoard(quota, run.environment().variables(), run.spec().runId())) {
      board.begin(run.spec().pipeline());
      try (FlinkConfiguration configuration =
          FlinkConfiguration.create(
              options.flinkConfiguration(run.environment().variables()).orElse(null))) {
        return new ClusterRun(
                options.of(lanes.size(), configuration.directory()), run, lanes, board)
            .export(lost);
      } finally {
        end(board);
      }
    }
  }

  /** Refuses a run without the database through which its workers share the quota and report. */
  static PostgresSettings requireDatabase(@Nullable PostgresSettings quota) {
    if (quota == null) {
      throw new ExportFailedException(
          FailureKind.CONFIGURATION,
          "a run on several machines needs a database under postgres: in the settings that can be"
              + " reached: its workers share the quota and report what they do through it",
          null);
    }
    return quota;
  }

  /** Ends the workers' part, if the database is there; without it, they end by themselves. */
  private static void end(RunBoard board) {
    try {
      board.end();
    } catch (LedgerException | SinkException e) {
      LOG.warn("the next run removes what this one leaves on its board: {}", e.getMessage());
    }
  }

  private long export(RunSummary lost) {
    List<WindowOutcome> failures = new ArrayList<>();
    PipelineResult result;
    try {
      result = pipeline().run();
    } catch (RuntimeException e) {
      LOG.debug("the job was not begun", e);
      throw new ExportFailedException(
          FailureKind.TRY_LATER, "the cluster did not take the job: " + rootCause(e), e);
    }
    String end;
    try {
      end = await(result);
      watch.look();
    } catch (RuntimeException e) {
      cancel(result);
      throw e;
    }
    Set<Integer> unreported = new HashSet<>();
    for (ClusterLane.Unreported lane : unreported(result)) {
      if (unreported.add(lane.lane())) {
        failures.add(lane.why());
      }
    }
    for (Lane lane : lanes) {
      if (!watch.hasEnded(lane.number()) && !unreported.contains(lane.number())) {
        failures.add(
            WindowOutcome.failed(
                "lane " + (lane.number() + 1),
                run.environment().stop().stopped() ? FailureKind.STOPPED : FailureKind.TRY_LATER,
                end + " before the lane did; the next run continues with what is left"));
      }
    }
    failures.forEach(run::ended);
    RunSummary summary = lost.plus(watch.summary());
    for (WindowOutcome failure : failures) {
      summary = summary.plus(RunSummary.of(failure));
    }
    run.record(summary);
    return watch.requests();
  }

  /**
   * The lanes are one element until they are dealt in turn to the workers: elements that a source
   * emits one by one may all go to the worker that asks first.
   */
  private Pipeline pipeline() {
    Pipeline pipeline = Pipeline.create(options);
    pipeline
        .apply(
            "Plan",
            Create.of(List.of(lanes)).withCoder(ListCoder.of(SerializableCoder.of(Lane.class))))
        .apply(
            "Lanes",
            FlatMapElements.into(TypeDescriptor.of(Lane.class)).via((List<Lane> all) -> all))
        .setCoder(SerializableCoder.of(Lane.class))
        .apply("Workers", Reshuffle.viaRandomKey())
        .apply("Export", ParDo.of(new ClusterLane(run.spec(), run.controlsOf())));
    return pipeline;
  }

  /** Waits for the end of the job, or of all lanes; returns how it ended, in words. */
  private String await(PipelineResult result) {
    long answered = now();
    long stopping = 0;
    while (true) {
      watch.look();
      if (lanes.stream().allMatch(lane -> watch.hasEnded(lane.number()))) {
        return "the lanes ended";
      }
      PipelineResult.State state = state(result);
      if (state != null) {
        answered = now();
        if (state.isTerminal()) {
          return state == PipelineResult.State.DONE
              ? "the cluster's job ended"
              : "the cluster ended its job as " + state;
        }
      } else if (now() - answered > (unknown ? UNKNOWN : SILENCE).toNanos()) {
        return unknown
            ? "the cluster had forgotten the job, as after a restart of its manager,"
            : "the cluster could no longer be asked";
      }
      if (run.environment().stop().stopped()) {
        stopping = stopping == 0 ? now() : stopping;
        if (now() - stopping > STOPPING.toNanos()) {
          cancel(result);
          return "the run was stopped";
        }
      }
      try {
        run.environment().pause(POLL);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        cancel(result);
        return "the run was interrupted";
      }
    }
  }

  private long now() {
    return run.environment().time().nanos();
  }

  /** Returns how the job stands; null if the cluster does not say. */
  private PipelineResult.@Nullable State state(PipelineResult result) {
    try {
      PipelineResult.State state = result.getState();
      silent = false;
      return state;
    } catch (RuntimeException e) {
      unknown = causes(e).anyMatch(cause -> String.valueOf(cause).contains(NO_SUCH_JOB));
      if (!silent) {
        LOG.warn("the cluster does not say how the job stands: {}", rootCause(e));
        silent = true;
      }
      return null;
    }
  }

  private static void cancel(PipelineResult result) {
    try {
      result.cancel();
    } catch (IOException | RuntimeException e) {
      LOG.warn("the cluster did not cancel the job: {}", rootCause(e));
    }
  }

  private static List<ClusterLane.Unreported> unreported(PipelineResult result) {
    MetricsFilter filter =
        MetricsFilter.builder()
            .addNameFilter(
                MetricNameFilter.named(
                    ClusterLane.UNREPORTED.getName().getNamespace(),
                    ClusterLane.UNREPORTED.getName().getName()))
            .build();
    List<ClusterLane.Unreported> all = new ArrayList<>();
    try {
      for (MetricResult<StringSetResult> set :
          result.metrics().queryMetrics(filter).getStringSets()) {
        set.getAttempted().getStringSet().forEach(text -> all.add(ClusterLane.read(text)));
      }
    } catch (RuntimeException e) {
      LOG.warn("the cluster does not say which workers could not report: {}", rootCause(e));
    }
    return all;
  }

  private static String rootCause(Throwable failure) {
    Throwable cause = causes(failure).reduce((first, next) -> next).orElse(failure);
    String message = String.valueOf(cause.getMessage()).replaceAll("\\s+", " ");
    // A message of the cluster may be a whole stack trace.
    return message.length() <= MOST_SHOWN ? message : message.substring(0, MOST_SHOWN) + "...";
  }

  private static Stream<Throwable> causes(Throwable failure) {
    return Stream.iterate(failure, Objects::nonNull, Throwable::getCause);
  }
}
