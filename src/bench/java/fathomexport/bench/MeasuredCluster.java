package fathomexport.bench;

import fathomexport.testing.ClusterDrill;
import fathomexport.testing.FlinkCluster;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A Flink cluster of processes on loopback for one command, with what the command takes of its
 * workers. The cluster is ready when the command begins, so that the start of its processes does
 * not count; the classes that the command ships are loaded by it.
 */
final class MeasuredCluster implements AutoCloseable {
  private final FlinkCluster cluster;
  private final List<ProcessHandle> workers;
  private final Duration busyBefore;

  private MeasuredCluster(FlinkCluster cluster, int workers) {
    this.cluster = cluster;
    this.workers =
        IntStream.rangeClosed(1, workers).mapToObj(n -> cluster.worker(n).toHandle()).toList();
    this.busyBefore = busyOfAll();
  }

  /** Whether this build has Flink's client, and Flink's own libraries are there. */
  static boolean isPossible() throws IOException {
    return ClusterDrill.isBuiltWith("flink", FlinkCluster.LIBRARIES);
  }

  /**
   * Starts a cluster, and waits until its workers are registered.
   *
   * @param directory for all that its processes write
   * @param slots of all workers together
   * @param environment of the workers
   */
  static MeasuredCluster start(
      Path directory, int workers, int slots, Map<String, String> environment)
      throws IOException, InterruptedException {
    FlinkCluster cluster = new FlinkCluster(directory, slots / workers);
    try {
      cluster.start(Collections.nCopies(workers, environment));
      return new MeasuredCluster(cluster, workers);
    } catch (IOException | InterruptedException | RuntimeException e) {
      cluster.close();
      throw e;
    }
  }

  /** Returns what follows a command's own options for it to use the cluster. */
  List<String> options() {
    return Stream.concat(Stream.of("--"), cluster.options().stream()).toList();
  }

  private Duration busyOfAll() {
    return workers.stream()
        .map(worker -> worker.info().totalCpuDuration().orElseThrow())
        .reduce(Duration.ZERO, Duration::plus);
  }

  /** Returns the seconds of processor time of all workers since they were registered. */
  double busy() {
    return busyOfAll().minus(busyBefore).toMillis() / 1000.0;
  }

  /** Returns the largest resident set of one worker so far, in MB. */
  double megabytes() {
    return workers.stream().mapToLong(w -> MeasuredCommand.peak(w.pid())).max().orElse(0) / 1024.0;
  }

  @Override
  public void close() {
    cluster.close();
  }
}
