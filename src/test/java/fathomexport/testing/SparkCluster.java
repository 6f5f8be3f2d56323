package fathomexport.testing;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A standalone Spark cluster on loopback: a master and workers with one core each, from the
 * libraries that the profile {@code cluster} lays into {@code target/cluster/spark}. Nothing of
 * fathom-export is on their class path. A worker starts an executor for a run, as a process.
 */
public final class SparkCluster implements AutoCloseable {
  /** Where the profile lays Spark's libraries. */
  public static final Path LIBRARIES = Path.of("target", "cluster", "spark").toAbsolutePath();

  private static final long STARTING_SECONDS = 120;

  private final Path directory;
  private final int port = freePort();
  private final Map<Integer, Process> workers = new TreeMap<>();
  private @Nullable Process master;

  /**
   * Lays out an installation of Spark; no process is started yet.
   *
   * @param directory for all that the processes write
   */
  public SparkCluster(Path directory) throws IOException {
    this.directory = Files.createDirectories(directory);
    Files.createDirectories(home());
    if (!Files.exists(home().resolve("jars"))) {
      Files.createSymbolicLink(home().resolve("jars"), LIBRARIES);
    }
  }

  private Path home() {
    return directory.resolve("home");
  }

  /** What the environment of a process has that starts executors. */
  public Map<String, String> variables() {
    return Map.of(
        "SPARK_HOME",
        home().toString(),
        "SPARK_SCALA_VERSION",
        "2.12",
        "SPARK_LOCAL_IP",
        "127.0.0.1");
  }

  /** Starts the master. */
  public void startMaster() throws IOException, InterruptedException {
    master =
        start(
            "org.apache.spark.deploy.master.Master",
            "master",
            List.of("--host", "127.0.0.1", "--port", String.valueOf(port), "--webui-port", "0"),
            Map.of());
    await("master", "I have been elected leader");
  }

  /**
   * Starts a worker.
   *
   * @param number names it
   * @param variables its environment, besides what Spark needs; its executors have it, too
   */
  public void startWorker(int number, Map<String, String> variables)
      throws IOException, InterruptedException {
    String name = "worker-" + number;
    workers.put(
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
                directory.resolve(name).toString(),
                master()),
            variables));
    await(name, "Successfully registered with master");
  }

  private Process start(
      String main, String name, List<String> arguments, Map<String, String> variables)
      throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
                "-cp",
                LIBRARIES + File.separator + "*",
                main));
    command.addAll(arguments);
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve(name + ".log").toFile());
    builder.environment().keySet().removeIf(v -> v.startsWith("FATHOM") || v.startsWith("SPARK"));
    builder.environment().putAll(new HashMap<>(variables));
    builder.environment().putAll(variables());
    return builder.start();
  }

  private void await(String name, String words) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(STARTING_SECONDS);
    while (!log(name).contains(words)) {
      if (System.nanoTime() > end) {
        throw new IllegalStateException(
            name + " has not started after " + STARTING_SECONDS + " s: " + log(name));
      }
      Thread.sleep(100);
    }
  }

  /** The address that a run is given. */
  public String master() {
    return "spark://127.0.0.1:" + port;
  }

  /** {@code kill -9} of the executor that a worker has started. */
  public void killExecutor(int worker) {
    Process process = workers.get(worker);
    if (process != null) {
      killOne(process.toHandle());
    }
  }

  /** {@code kill -9} of a worker and its executor, as if its machine was lost. */
  public void killWorker(int number) throws InterruptedException {
    Process worker = workers.remove(number);
    if (worker != null) {
      List<ProcessHandle> executors = worker.children().toList();
      worker.destroyForcibly().waitFor();
      executors.forEach(ProcessHandle::destroyForcibly);
    }
  }

  /** {@code kill -9} of the master. */
  public void killMaster() throws InterruptedException {
    Process running = master;
    if (running != null) {
      running.destroyForcibly().waitFor();
    }
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
    try (Stream<Path> files = Files.walk(directory.resolve("worker-" + worker))) {
      for (Path file : files.filter(f -> f.endsWith("stderr")).sorted().toList()) {
        all.append(Files.readString(file));
      }
    }
    return all.toString();
  }

  private String log(String name) {
    try {
      return Files.readString(directory.resolve(name + ".log"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    List<Process> all = new ArrayList<>(workers.values());
    if (master != null) {
      all.add(master);
    }
    for (Process process : all) {
      process.children().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    for (Process process : all) {
      try {
        process.waitFor();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
