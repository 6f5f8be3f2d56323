package fathomexport.testing;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A standalone Spark cluster: a master and workers with one core each. A worker starts an executor
 * for a run, as a process.
 */
public final class SparkCluster extends ClusterProcesses {
  /** Where the profile lays Spark's libraries. */
  public static final Path LIBRARIES = Path.of("target", "cluster", "spark").toAbsolutePath();

  private final int port = freePort();
  private final String master;

  /**
   * Lays out an installation of Spark; no process is started yet.
   *
   * @param directory for all that the processes write
   */
  public SparkCluster(Path directory) throws IOException {
    this(directory, "");
  }

  private SparkCluster(Path directory, String master) throws IOException {
    super(directory, "SPARK");
    this.master = master.isEmpty() ? "spark://127.0.0.1:" + port : master;
    Files.createDirectories(home());
    if (!Files.exists(home().resolve("jars"))) {
      Files.createSymbolicLink(home().resolve("jars"), LIBRARIES);
    }
  }

  /** A cluster of two workers that is part of the process of a run. */
  public static SparkCluster withinTheRun(Path directory) throws IOException {
    return new SparkCluster(directory, "local-cluster[2,1,1024]");
  }

  private Path home() {
    return directory().resolve("home");
  }

  /** What the environment of a process has that starts executors. */
  @Override
  public Map<String, String> variables() {
    return Map.of(
        "SPARK_HOME",
        home().toString(),
        "SPARK_SCALA_VERSION",
        "2.12",
        "SPARK_LOCAL_IP",
        "127.0.0.1");
  }

  @Override
  public void startManager() throws IOException, InterruptedException {
    manager(
        start(
            "org.apache.spark.deploy.master.Master",
            "master",
            List.of("--host", "127.0.0.1", "--port", String.valueOf(port), "--webui-port", "0"),
            Map.of()));
    await("that the master leads", () -> log("master").contains("I have been elected leader"));
  }

  @Override
  public void startWorker(int number, Map<String, String> variables) throws IOException {
    String name = "worker-" + number;
    worker(
        number,
        start(
            "org.apache.spark.deploy.worker.Worker",
            name,
            List.of(
                "--host",
                "127.0.0.1",
                "--cores",
                "1",
                "--memory",
                "1g",
                "--webui-port",
                "0",
                "--work-dir",
                directory().resolve(name).toString(),
                master),
            variables));
  }

  private Process start(
      String main, String name, List<String> arguments, Map<String, String> variables)
      throws IOException {
    List<String> command = java(256);
    command.addAll(opened("sun.nio.ch"));
    command.addAll(List.of("-cp", LIBRARIES + File.separator + "*", main));
    command.addAll(arguments);
    Map<String, String> all = new HashMap<>(variables);
    all.putAll(variables());
    return start(name, directory(), command, all);
  }

  @Override
  public void awaitWorkers(int count) throws InterruptedException {
    for (int number = 1; number <= count; number++) {
      String name = "worker-" + number;
      await(
          "that " + name + " is registered",
          () -> log(name).contains("Successfully registered with master"));
    }
  }

  @Override
  public List<String> options() {
    return List.of("--runner=SparkRunner", "--sparkMaster=" + master);
  }

  /** {@code kill -9} of the executor that a worker has started. */
  public void killExecutor(int worker) {
    killOne(worker(worker).toHandle());
  }

  /** {@code kill -9} of one of the executors that a process has started. */
  public static void killOne(ProcessHandle parent) {
    parent
        .children()
        .filter(child -> child.info().command().orElse("").endsWith("java"))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("there is no executor"))
        .destroyForcibly();
  }

  /** What the executors that a worker has started have written. */
  public String executorLogs(int worker) throws IOException {
    StringBuilder all = new StringBuilder();
    try (Stream<Path> files = Files.walk(directory().resolve("worker-" + worker))) {
      for (Path file : files.filter(f -> f.endsWith("stderr")).sorted().toList()) {
        all.append(Files.readString(file));
      }
    }
    return all.toString();
  }
}
