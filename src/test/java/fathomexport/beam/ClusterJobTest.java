package fathomexport.beam;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import fathomexport.run.ExportFailedException;
import fathomexport.run.FailureKind;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.PipelineResult;
import org.apache.beam.sdk.metrics.MetricResults;
import org.apache.beam.sdk.transforms.Create;
import org.junit.jupiter.api.Test;

/** The job of a run on a cluster, which may take minutes to get there. */
class ClusterJobTest {
  /** A job that has ended by itself, and which says no more than that. */
  private record FailedJob() implements PipelineResult {
    @Override
    public State getState() {
      return State.FAILED;
    }

    @Override
    public State cancel() {
      return State.FAILED;
    }

    @Override
    public State waitUntilFinish(org.joda.time.Duration duration) {
      return State.FAILED;
    }

    @Override
    public State waitUntilFinish() {
      return State.FAILED;
    }

    @Override
    public MetricResults metrics() {
      throw new UnsupportedOperationException();
    }
  }

  private static final long LATER = Duration.ofMinutes(30).toNanos();

  private static boolean isTaken(ClusterJob job, long now) throws InterruptedException {
    while (!job.isTaken(now)) {
      Thread.sleep(10);
    }
    return true;
  }

  @Test
  void theTimeThatAJobTakesToGetThereIsNotSilence() throws InterruptedException {
    Pipeline pipeline = Pipeline.create(new RunnerOptions(List.of()).of(1));
    pipeline.apply(Create.of("a lane"));
    CountDownLatch shipped = new CountDownLatch(1);
    try (ClusterJob job =
        new ClusterJob(
            Engine.FLINK,
            () -> {
              shipped.await();
              return pipeline.run();
            })) {
      assertThat(job.isTaken(LATER)).isFalse();
      assertThat(job.unreported()).isEmpty();
      shipped.countDown();
      assertThat(isTaken(job, LATER)).isTrue();
      Optional<ClusterJob.End> ended = job.ended(LATER + 1);
      while (ended.isEmpty()) {
        Thread.sleep(10);
        ended = job.ended(LATER + 1);
      }
      assertThat(ended.get().words()).isEqualTo("the cluster's job ended");
    }
  }

  @Test
  void aJobThatIsNotTakenSaysWhy() {
    try (ClusterJob job =
        new ClusterJob(
            Engine.FLINK,
            () -> {
              throw new IllegalStateException("not run", new IOException("no room for the jar"));
            })) {
      assertThatThrownBy(() -> isTaken(job, 0))
          .isInstanceOf(ExportFailedException.class)
          .hasMessage("the cluster did not take the job: no room for the jar");
    }
  }

  /** Only a lack of the moment is mended by another start. */
  @Test
  void aJobThatCannotBeTakenByAnyStartIsAFault() {
    try (ClusterJob job =
        new ClusterJob(
            Engine.FLINK,
            () -> {
              throw new IllegalStateException(
                  "not run", new NoClassDefFoundError("org/apache/flink/Other"));
            })) {
      assertThatThrownBy(() -> isTaken(job, 0))
          .isInstanceOfSatisfying(
              ExportFailedException.class, e -> assertThat(e.kind()).isEqualTo(FailureKind.FAULT))
          .hasMessageContaining("java.lang.NoClassDefFoundError: org/apache/flink/Other");
    }
  }

  private static ClusterJob.End end(String trace) throws InterruptedException {
    try (ClusterJob job = new ClusterJob(Engine.FLINK, FailedJob::new, () -> Optional.of(trace))) {
      assertThat(isTaken(job, 0)).isTrue();
      Optional<ClusterJob.End> ended = job.ended(1);
      while (ended.isEmpty()) {
        Thread.sleep(10);
        ended = job.ended(1);
      }
      return ended.get();
    }
  }

  /** The traces are shortened ones of Flink 1.19 and of Spark 3.5. */
  @Test
  void aJobThatFailedByItselfNamesTheCause() throws InterruptedException {
    ClusterJob.End other =
        end(
            """
            org.apache.flink.runtime.JobException: Recovery is suppressed by FixedDelayRestart
            \tat org.apache.flink.runtime.executiongraph.failover.ExecutionFailureHandler.handle
            Caused by: org.apache.flink.streaming.runtime.tasks.StreamTaskException: Cannot load
            \tat org.apache.flink.streaming.api.graph.StreamConfig.getStreamOperatorFactory
            Caused by: java.io.InvalidClassException: fathomexport.run.ExportSpec; local class \
            incompatible
            \tat java.base/java.io.ObjectStreamClass.initNonProxy
            """);
    assertThat(other.words())
        .isEqualTo(
            "the cluster ended its job as FAILED: java.io.InvalidClassException:"
                + " fathomexport.run.ExportSpec; local class incompatible");
    assertThat(other.kind()).isEqualTo(FailureKind.FAULT);

    ClusterJob.End lost =
        end(
            """
            org.apache.flink.runtime.JobException: Recovery is suppressed by FixedDelayRestart
            Caused by: org.apache.flink.util.FlinkException: TaskExecutor is gone
            """);
    assertThat(lost.words()).endsWith("org.apache.flink.util.FlinkException: TaskExecutor is gone");
    assertThat(lost.kind()).isEqualTo(FailureKind.TRY_LATER);

    assertThat(
            end("""
                    Job aborted due to stage failure: Task 0 in stage 0.0 failed 10 times, most \
                    recent failure: Lost task 0.9 in stage 0.0 (TID 9) (10.0.0.2 executor 1): \
                    java.lang.OutOfMemoryError: Java heap space
                    \tat fathomexport.Some.where(Some.java:1)

                    Driver stacktrace:
                    """)
                .words())
        .endsWith("FAILED: java.lang.OutOfMemoryError: Java heap space");
  }

  @Test
  void aJobThatIsOnItsWayIsGivenUp() throws InterruptedException {
    CountDownLatch givenUp = new CountDownLatch(1);
    CountDownLatch begun = new CountDownLatch(1);
    try (ClusterJob job =
        new ClusterJob(
            Engine.FLINK,
            () -> {
              begun.countDown();
              try {
                new CountDownLatch(1).await();
              } catch (InterruptedException e) {
                givenUp.countDown();
                throw e;
              }
              throw new IllegalStateException("not reached");
            })) {
      begun.await();
      job.cancel();
      assertThat(givenUp.await(1, TimeUnit.MINUTES)).isTrue();
    }
  }
}
