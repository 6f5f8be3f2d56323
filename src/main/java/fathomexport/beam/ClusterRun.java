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
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.coders.ListCoder;
import org.apache.beam.sdk.coders.SerializableCoder;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.transforms.Create;
import org.apache.beam.sdk.transforms.FlatMapElements;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.transforms.Reshuffle;
import org.apache.beam.sdk.values.PCollection;
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

  /** After this time without a lane under way, the run says what it waits for. */
  private static final Duration SAID_AFTER = Duration.ofSeconds(10);

  /** How often that is repeated. */
  private static final Duration SAID_EVERY = Duration.ofMinutes(1);

  /** How often the cluster is asked for lanes that no worker could report. */
  private static final Duration ASKED_EVERY = Duration.ofSeconds(15);

  private final PipelineOptions options;
  private final Engine engine;
  private final @Nullable ClusterMaster master;
  private final Duration patience;
  private final RunContext run;
  private final List<Lane> lanes;
  private final RunWatch watch;

  /** When the run last said what it waits for; null if it waits for nothing. */
  private @Nullable Long said;

  /** When it last said so of a lane that is lost while others are under way. */
  private final Map<Integer, Long> saidLost = new HashMap<>();

  /** When the cluster was last asked for lanes that no worker could report. */
  private long askedForUnreported;

  /** Of which of these the run has said so. */
  private final Set<Integer> saidUnreported = new HashSet<>();

  private ClusterRun(
      RunnerOptions options,
      FlinkConfiguration configuration,
      RunContext run,
      List<Lane> lanes,
      RunBoard board) {
    this.engine = options.engine().orElseThrow();
    this.options =
        engine == Engine.FLINK
            ? options.of(lanes.size(), configuration.writtenTo(run.spillDirectory()))
            : options.of(lanes.size());
    if (this.options.getJobName().equals(RunnerOptions.JOB)) {
      // One name per run, by which the cluster is asked for the failure of its job.
      this.options.setJobName(RunnerOptions.JOB + " " + run.spec().runId());
    }
    this.master = options.manager(configuration).orElse(null);
    this.patience = configuration.slotPatience();
    this.run = run;
    this.lanes = lanes;
    this.askedForUnreported = run.environment().time().nanos();
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
      try {
        FlinkConfiguration configuration =
            options.flinkConfiguration(run.environment().variables());
        return new ClusterRun(options, configuration, run, lanes, board).export(lost);
      } finally {
        end(board);
      }
    }
  }

  /** Refuses a run without the database through which its workers share the quota and report. */
  static PostgresSettings requireDatabase(@Nullable PostgresSettings quota) {
    if (quota == null) {
      throw new ExportFailedException(FailureKind.CONFIGURATION, BeamRun.NEEDS_A_DATABASE, null);
    }
    return quota;
  }

  /** Ends the workers' part, if the database is there; without it, they end by themselves. */
  private static void end(RunBoard board) {
    try {
      board.end();
    } catch (LedgerException | SinkException e) {
      LOG.warn(
          "the next run on a cluster removes what this one leaves on its board: {}",
          e.getMessage());
    }
  }

  private long export(RunSummary lost) {
    RunSummary summary = lost;
    Pipeline pipeline = pipeline();
    try (SparkProperties properties = SparkProperties.set(engine, lanes.size());
        ClusterJob job = new ClusterJob(engine, pipeline::run, this::failureOfJob)) {
      Objects.requireNonNull(properties);
      say("the job is on its way to " + cluster());
      ClusterJob.End end;
      try {
        end = await(job);
        watch.look();
      } catch (RuntimeException e) {
        job.cancel();
        throw e;
      }
      List<WindowOutcome> failures = failures(job, end);
      failures.forEach(run::ended);
      summary = summary.plus(watch.summary());
      for (WindowOutcome failure : failures) {
        summary = summary.plus(RunSummary.of(failure));
      }
    }
    run.record(summary);
    return watch.requests();
  }

  /** Returns what is left of the lanes that were not exported to their last window. */
  private List<WindowOutcome> failures(ClusterJob job, ClusterJob.End end) {
    List<WindowOutcome> failures = new ArrayList<>();
    Map<Integer, WindowOutcome> unreported = new HashMap<>();
    if (!hasEnded()) {
      job.unreported().forEach(lane -> unreported.putIfAbsent(lane.lane(), lane.why()));
    }
    boolean stopped = run.environment().stop().stopped();
    for (Lane lane : lanes) {
      WindowOutcome own = watch.failure(lane.number()).orElse(null);
      if (own == null && watch.hasEnded(lane.number())) {
        continue;
      }
      if (own == null) {
        own = unreported.get(lane.number());
        if (own != null) {
          failures.add(own);
        }
      }
      FailureKind kind =
          own != null && own.failure() != null
              ? own.failure()
              : stopped ? FailureKind.STOPPED : end.kind();
      failures.addAll(
          lane.left(
              watch.ended(lane.number()),
              kind,
              (stopped || end.kind() == FailureKind.BUDGET
                      ? WindowOutcome.NOT_FETCHED
                      : own == null ? WindowOutcome.HALTED : WindowOutcome.LANE_ENDED)
                  + ": "
                  + (own == null ? end.words() : own.message())));
    }
    return failures;
  }

  private boolean hasEnded() {
    return lanes.stream().allMatch(lane -> watch.hasEnded(lane.number()));
  }

  private Pipeline pipeline() {
    Pipeline pipeline = Pipeline.create(options);
    (engine == Engine.FLINK ? dealt(pipeline) : split(pipeline))
        .apply("Export", ParDo.of(new ClusterLane(run.spec(), run.controlsOf())));
    return pipeline;
  }

  /**
   * Each lane is a task of Spark's, without a shuffle before it. What a worker has shuffled is lost
   * with it, so that Spark would begin all lanes again, and end the job if one of them had ended.
   */
  private PCollection<Lane> split(Pipeline pipeline) {
    return pipeline.apply("Lanes", Create.of(lanes).withCoder(SerializableCoder.of(Lane.class)));
  }

  /**
   * The lanes are one element until they are dealt in turn to Flink's workers: elements that a
   * source emits one by one may all go to the worker that asks first.
   */
  private PCollection<Lane> dealt(Pipeline pipeline) {
    return pipeline
        .apply(
            "Plan",
            Create.of(List.of(lanes)).withCoder(ListCoder.of(SerializableCoder.of(Lane.class))))
        .apply(
            "Lanes",
            FlatMapElements.into(TypeDescriptor.of(Lane.class)).via((List<Lane> all) -> all))
        .setCoder(SerializableCoder.of(Lane.class))
        .apply("Workers", Reshuffle.viaRandomKey());
  }

  /** Waits for the end of the job, or of all lanes; returns how it ended, in words. */
  private ClusterJob.End await(ClusterJob job) {
    long stopping = 0;
    boolean taken = false;
    while (true) {
      watch.look();
      if (hasEnded()) {
        return ClusterJob.End.passing("the lanes ended");
      }
      if (!taken && job.isTaken(now())) {
        taken = true;
        watch.waitFromNow();
        say(
            "the job is submitted to "
                + cluster()
                + ": "
                + (lanes.size() == 1
                    ? "one lane waits for a worker"
                    : lanes.size() + " lanes wait for workers"));
      }
      Optional<ClusterJob.End> ended = taken ? job.ended(now()) : Optional.empty();
      if (ended.isPresent()) {
        return ended.get();
      }
      Optional<String> over = watch.overWithoutLanes(SAID_AFTER);
      if (run.environment().stop().stopped()) {
        stopping = stopping == 0 ? now() : stopping;
        if (now() - stopping > STOPPING.toNanos()) {
          job.cancel();
          return ClusterJob.End.passing("stopped as requested");
        }
      } else if (over.isPresent()) {
        job.cancel();
        return new ClusterJob.End(over.get(), FailureKind.BUDGET);
      } else if (taken && watch.idle().compareTo(patience) > 0) {
        String still = stillWaiting();
        job.cancel();
        return ClusterJob.End.passing(still);
      } else if (taken) {
        sayWhatIsWaitedFor();
        sayWhichLanesAreLost();
        sayWhatWorkersLack(job);
      }
      try {
        run.environment().pause(POLL);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        job.cancel();
        return ClusterJob.End.passing("the run was interrupted");
      }
    }
  }

  private void sayWhatIsWaitedFor() {
    if (waiting() == 0 || watch.idle().compareTo(SAID_AFTER) < 0) {
      said = null;
    } else if (said == null || now() - said >= SAID_EVERY.toNanos()) {
      said = now();
      Optional<FlinkMaster.Room> room = room();
      say(
          ClusterWait.waitedFor(engine, waiting(), watch.lost(numbers()), room)
              + " "
              + cluster()
              + inParentheses(room)
              + "; if no lane begins, the run ends at "
              + run.environment()
                  .time()
                  .instant()
                  .plus(patience)
                  .minus(watch.idle())
                  .truncatedTo(ChronoUnit.SECONDS));
    }
  }

  /** Says which lanes are lost while others are under way; otherwise the run waits for all. */
  private void sayWhichLanesAreLost() {
    Map<Integer, String> lost = watch.lostFor(SAID_AFTER);
    saidLost.keySet().retainAll(lost.keySet());
    if (watch.idle().compareTo(SAID_AFTER) >= 0) {
      return;
    }
    lost.forEach(
        (lane, host) -> {
          Long before = saidLost.get(lane);
          if (before == null || now() - before >= SAID_EVERY.toNanos()) {
            saidLost.put(lane, now());
            say(ClusterWait.lost(engine, lane, host));
          }
        });
  }

  /** Returns the stack trace of the job if it failed, where its result does not have it. */
  private Optional<String> failureOfJob() {
    return master instanceof FlinkMaster flink
        ? flink.failureOf(options.getJobName())
        : Optional.empty();
  }

  /** Says that the run no longer waits for a lane to begin, why, and what to do. */
  private String stillWaiting() {
    Optional<FlinkMaster.Room> room = room();
    return "no lane has been under way on "
        + cluster()
        + " for "
        + inWords(patience)
        + inParentheses(room)
        + ". "
        + ClusterWait.advice(engine, waiting(), room);
  }

  /**
   * Says which lanes cannot be exported on a worker that cannot reach the database either. The
   * cluster passes that on while other lanes are under way.
   */
  private void sayWhatWorkersLack(ClusterJob job) {
    if (waiting() == 0
        || watch.idle().compareTo(SAID_AFTER) > 0
        || now() - askedForUnreported < ASKED_EVERY.toNanos()) {
      return;
    }
    askedForUnreported = now();
    for (ClusterLane.Unreported lane : job.unreported()) {
      if (saidUnreported.add(lane.lane())) {
        run.environment()
            .listener()
            .notice("lane " + (lane.lane() + 1) + " cannot be exported: " + lane.why().message());
      }
    }
  }

  private long waiting() {
    return watch.waiting(numbers());
  }

  private List<Integer> numbers() {
    return lanes.stream().map(Lane::number).toList();
  }

  private void say(String message) {
    run.environment().listener().underWay(message);
  }

  /** Returns the cluster's address in words. */
  private String cluster() {
    return master == null
        ? "the " + engine.title() + " of this process"
        : "the " + engine.title() + " cluster at " + master;
  }

  /** Returns what room the cluster has; empty if it does not say. */
  private Optional<FlinkMaster.Room> room() {
    return Optional.ofNullable(master).flatMap(ClusterMaster::room);
  }

  private static String inParentheses(Optional<FlinkMaster.Room> room) {
    return room.map(r -> " (" + r.words() + ")").orElse("");
  }

  private static String inWords(Duration time) {
    return time.toMinutes() > 1
        ? FlinkMaster.counted(time.toMinutes(), "minute")
        : FlinkMaster.counted(time.toSeconds(), "second");
  }

  private long now() {
    return run.environment().time().nanos();
  }
}
