package fathomexport.beam;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import fathomexport.run.ExportFailedException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.transforms.Create;
import org.junit.jupiter.api.Test;

/** The job of a run on a cluster, which may take minutes to get there. */
class ClusterJobTest {
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
      Optional<String> ended = job.ended(LATER + 1);
      while (ended.isEmpty()) {
        Thread.sleep(10);
        ended = job.ended(LATER + 1);
      }
      assertThat(ended).contains("the cluster's job ended");
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
