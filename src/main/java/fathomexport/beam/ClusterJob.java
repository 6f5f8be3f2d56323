package fathomexport.beam;

import fathomexport.run.ExportFailedException;
import fathomexport.run.FailureKind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.beam.sdk.PipelineResult;
import org.apache.beam.sdk.metrics.MetricNameFilter;
import org.apache.beam.sdk.metrics.MetricResult;
import org.apache.beam.sdk.metrics.MetricsFilter;
import org.apache.beam.sdk.metrics.StringSetResult;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The job of a run on a cluster. The cluster is asked on separate threads: it may take minutes to
 * answer, and meanwhile the workers must see that this process lives. For one thread.
 */
final class ClusterJob implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterJob.class);

  /** After this time without an answer, the cluster has lost the job. */
  private static final Duration SILENCE = Duration.ofSeconds(90);

  /** After this time, a job that the cluster does not know will not come back. */
  private static final Duration UNKNOWN = Duration.ofSeconds(10);

  /** How long the end of a run waits for an answer. */
  private static final Duration AT_THE_END = Duration.ofSeconds(5);

  /** How Flink says it; its class is not on the class path of the default build. */
  private static final String NO_SUCH_JOB = "FlinkJobNotFoundException";

  /** A message of the cluster may be a whole stack trace. */
  private static final int MOST_SHOWN = 200;

  /** The name of a class that was thrown, at the beginning of what it says. */
  private static final Pattern THROWN =
      Pattern.compile("(?:[a-z_]\\w*\\.)+([A-Z]\\w*(?:Error|Exception))(?=: |$)");

  /** What another start meets again: the program and its machines have to be mended. */
  private static final Pattern LASTING =
      Pattern.compile("\\w*Error|InvalidClassException|ClassNotFoundException");

  /** The job, as soon as the cluster has taken it: its jar may take minutes to get there. */
  private final Future<PipelineResult> submitted;

  private final ExecutorService threads =
      Executors.newCachedThreadPool(
          work -> {
            Thread one = new Thread(work, "cluster");
            one.setDaemon(true);
            return one;
          });

  /** Null while nothing is asked. */
  private @Nullable Future<PipelineResult.State> asked;

  private boolean taken;
  private long answered;

  /** Whether the cluster has not answered since it last did. */
  private boolean silent;

  /** Whether it answered that it does not know the job. */
  private boolean unknown;

  private final Engine engine;

  /** Returns the stack trace of a job that failed, as far as the cluster says it. */
  private final Supplier<Optional<String>> trace;

  /** Why the job failed, as its result says it; null if it does not. */
  private volatile @Nullable Throwable failure;

  /**
   * How a job ended.
   *
   * @param words for people
   * @param kind why the lanes that have not ended are left
   */
  record End(String words, FailureKind kind) {
    /** Returns an end after which another start continues. */
    static End passing(String words) {
      return new End(words, FailureKind.TRY_LATER);
    }
  }

  /** Begins to submit a job, without waiting for the cluster. */
  ClusterJob(Engine engine, Callable<PipelineResult> submission) {
    this(engine, submission, Optional::empty);
  }

  /**
   * @param trace returns the stack trace of a job that failed, if the cluster has to be asked apart
   */
  ClusterJob(Engine engine, Callable<PipelineResult> submission, Supplier<Optional<String>> trace) {
    this.engine = engine;
    this.trace = trace;
    this.submitted = threads.submit(submission);
  }

  /**
   * Returns whether the cluster has taken the job, and its workers may begin.
   *
   * @param now the time, in nanoseconds
   * @throws ExportFailedException if the cluster did not take it
   */
  boolean isTaken(long now) {
    if (!submitted.isDone()) {
      return false;
    }
    if (!taken) {
      try {
        var unused = submitted.get();
      } catch (ExecutionException e) {
        LOG.debug("the job was not begun", e);
        Throwable root = root(e);
        boolean lasting = LASTING.matcher(root.getClass().getSimpleName()).matches();
        throw new ExportFailedException(
            lasting ? FailureKind.FAULT : FailureKind.TRY_LATER,
            "the cluster did not take the job: "
                + (lasting ? shortened(root.toString()) : rootCause(e)),
            e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
      taken = true;
      answered = now;
    }
    return true;
  }

  /** Returns how the job ended; empty while it may still run. */
  Optional<End> ended(long now) {
    PipelineResult.State state = state(now);
    if (state != null && state.isTerminal()) {
      return Optional.of(
          state == PipelineResult.State.DONE
              ? End.passing("the cluster's job ended")
              : state == PipelineResult.State.FAILED
                  ? failed()
                  : End.passing("the cluster ended its job as " + state));
    }
    if (now - answered > (unknown ? UNKNOWN : SILENCE).toNanos()) {
      return Optional.of(
          End.passing(
              unknown
                  ? "the cluster has forgotten the job, as after a restart of its manager"
                  : "the cluster could no longer be asked"));
    }
    return Optional.empty();
  }

  /** Returns the end of a job that failed by itself, with the root cause. */
  private End failed() {
    String words = "the cluster ended its job as FAILED";
    Throwable own = failure;
    String said;
    try {
      said = own != null ? root(own).toString() : soon(trace::get).orElse("");
    } catch (ExecutionException | TimeoutException e) {
      LOG.warn("the cluster does not say why the job failed: {}", rootCause(e));
      said = "";
    }
    Optional<String> thrown =
        said.lines()
            .filter(line -> !line.stripLeading().startsWith("at "))
            .flatMap(line -> THROWN.matcher(line).results().map(m -> line.substring(m.start())))
            .reduce((first, next) -> next);
    if (thrown.isEmpty()) {
      return End.passing(said.isEmpty() ? words : words + ": " + shortened(said));
    }
    MatchResult name = THROWN.matcher(thrown.get()).results().findFirst().orElseThrow();
    boolean lasting = LASTING.matcher(name.group(1)).matches();
    return new End(
        words + ": " + shortened(thrown.get()),
        lasting ? FailureKind.FAULT : FailureKind.TRY_LATER);
  }

  /** Returns what the cluster has answered to the last question; null if nothing. */
  private PipelineResult.@Nullable State state(long now) {
    Future<PipelineResult.State> pending = asked;
    if (pending == null) {
      asked = threads.submit(() -> state(submitted.get()));
      return null;
    }
    if (!pending.isDone()) {
      return null;
    }
    asked = null;
    try {
      PipelineResult.State state = pending.get();
      answered = now;
      silent = false;
      unknown = false;
      return state;
    } catch (ExecutionException e) {
      unknown = causes(e).anyMatch(cause -> String.valueOf(cause).contains(NO_SUCH_JOB));
      if (!silent) {
        LOG.warn("the cluster does not say how the job stands: {}", rootCause(e));
        silent = true;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return null;
  }

  /**
   * Returns how a job stands. The result of a job on Spark finds that out only if it is awaited.
   */
  private PipelineResult.State state(PipelineResult result) {
    if (engine == Engine.SPARK) {
      try {
        var unused = result.waitUntilFinish(org.joda.time.Duration.millis(1));
      } catch (RuntimeException e) {
        failure = e;
        LOG.warn("the job failed: {}", rootCause(e));
      }
    }
    return result.getState();
  }

  /**
   * Has the cluster end the job, as far as it can be reached. What has not got there is given up;
   * the workers of a job that got there nevertheless find that the run is over.
   */
  void cancel() {
    if (submitted.cancel(true)) {
      return;
    }
    try {
      var unused = soon(() -> submitted.get().cancel());
    } catch (ExecutionException | TimeoutException e) {
      LOG.warn("the cluster did not cancel the job: {}", rootCause(e));
    }
  }

  /** Returns the lanes that workers could neither export nor report. */
  List<ClusterLane.Unreported> unreported() {
    if (!taken) {
      return List.of();
    }
    MetricsFilter filter =
        MetricsFilter.builder()
            .addNameFilter(
                MetricNameFilter.named(
                    ClusterLane.UNREPORTED.getName().getNamespace(),
                    ClusterLane.UNREPORTED.getName().getName()))
            .build();
    List<ClusterLane.Unreported> all = new ArrayList<>();
    try {
      Iterable<MetricResult<StringSetResult>> sets =
          soon(() -> submitted.get().metrics().queryMetrics(filter).getStringSets());
      for (MetricResult<StringSetResult> set : sets) {
        set.getAttempted().getStringSet().forEach(text -> all.add(ClusterLane.read(text)));
      }
    } catch (ExecutionException | TimeoutException e) {
      LOG.warn("the cluster does not say which workers could not report: {}", rootCause(e));
    }
    return all;
  }

  /** Does something on a separate thread, and waits for it for a short time. */
  private <T> T soon(Callable<T> work) throws ExecutionException, TimeoutException {
    // An interrupted run, too, ends its job.
    boolean interrupted = Thread.interrupted();
    try {
      return threads.submit(work).get(AT_THE_END.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      interrupted = true;
      throw new TimeoutException("interrupted");
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static String rootCause(Throwable failure) {
    Throwable cause = root(failure);
    return shortened(String.valueOf(cause.getMessage() == null ? cause : cause.getMessage()));
  }

  private static String shortened(String words) {
    String line = words.replaceAll("\\s+", " ");
    return line.length() <= MOST_SHOWN ? line : line.substring(0, MOST_SHOWN) + "...";
  }

  private static Throwable root(Throwable failure) {
    return causes(failure).reduce((first, next) -> next).orElse(failure);
  }

  private static Stream<Throwable> causes(Throwable failure) {
    return Stream.iterate(failure, Objects::nonNull, Throwable::getCause);
  }

  /** Ends Spark's part in this process, which would otherwise keep its workers. */
  private void endContext() {
    if (engine == Engine.SPARK && taken) {
      cancel();
    }
  }

  @Override
  public void close() {
    endContext();
    threads.shutdownNow();
  }
}
