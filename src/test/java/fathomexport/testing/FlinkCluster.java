package fathomexport.testing;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A standalone Flink cluster on loopback: a JobManager and TaskManagers, each a process, from the
 * libraries that the profile {@code cluster} lays into {@code target/cluster/flink}. Nothing of
 * fathom-export is on their class path.
 */
public final class FlinkCluster implements AutoCloseable {
  /** Where the profile lays Flink's libraries. */
  public static final Path LIBRARIES = Path.of("target", "cluster", "flink").toAbsolutePath();

  private static final long STARTING_SECONDS = 120;
  private static final Pattern WORKERS = Pattern.compile("\"taskmanagers\":(\\d+)");

  private final Path directory;
  private final int restPort = freePort();
  private final int rpcPort = freePort();
  private final Map<Integer, Process> workers = new TreeMap<>();
  private @Nullable Process manager;
  private int started;

  /**
   * Writes the configuration; no process is started yet.
   *
   * @param directory for all that the processes write
   */
  public FlinkCluster(Path directory) throws IOException {
    this.directory = directory;
    Files.createDirectories(directory);
  }

  private Path configuration(String name, String more) throws IOException {
    Path place = Files.createDirectories(directory.resolve(name));
    Files.writeString(
        place.resolve("flink-conf.yaml"),
        """
        jobmanager.rpc.address: 127.0.0.1
        jobmanager.rpc.port: %d
        jobmanager.bind-host: 127.0.0.1
        rest.address: 127.0.0.1
        rest.bind-address: 127.0.0.1
        rest.port: %d
        taskmanager.host: 127.0.0.1
        taskmanager.bind-host: 127.0.0.1
        taskmanager.numberOfTaskSlots: 2
        taskmanager.cpu.cores: 1
        taskmanager.memory.task.heap.size: 256m
        taskmanager.memory.task.off-heap.size: 0m
        taskmanager.memory.framework.heap.size: 64m
        taskmanager.memory.framework.off-heap.size: 64m
        taskmanager.memory.managed.size: 32m
        taskmanager.memory.network.min: 32m
        taskmanager.memory.network.max: 32m
        taskmanager.memory.jvm-metaspace.size: 192m
        taskmanager.memory.jvm-overhead.min: 64m
        taskmanager.memory.jvm-overhead.max: 64m
        cluster.evenly-spread-out-slots: true
        heartbeat.interval: 1000
        heartbeat.timeout: 10000
        io.tmp.dirs: %s
        %s
        """
            .formatted(rpcPort, restPort, Files.createDirectories(place.resolve("tmp")), more));
    return place;
  }

  /** Starts the JobManager and waits until it answers. */
  public void startManager() throws IOException, InterruptedException {
    manager =
        start(
            "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint",
            "manager-" + ++started,
            "",
            List.of("--executionMode", "cluster"),
            Map.of());
    awaitWorkers(0);
  }

  /**
   * Starts a TaskManager.
   *
   * @param number names it
   * @param variables its environment, besides what Java needs
   */
  public void startWorker(int number, Map<String, String> variables) throws IOException {
    workers.put(
        number,
        start(
            "org.apache.flink.runtime.taskexecutor.TaskManagerRunner",
            "worker-" + number,
            "taskmanager.resource-id: worker-" + number,
            List.of(),
            variables));
  }

  private Process start(
      String main,
      String name,
      String configuration,
      List<String> arguments,
      Map<String, String> variables)
      throws IOException {
    Path place = configuration(name, configuration);
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx384m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Djava.io.tmpdir=" + place.resolve("tmp")));
    for (String module :
        List.of(
            "java.net",
            "java.nio",
            "java.io",
            "java.lang",
            "java.util",
            "java.util.concurrent",
            "java.util.concurrent.atomic",
            "java.util.concurrent.locks",
            "java.lang.invoke",
            "java.lang.reflect",
            "java.text",
            "java.time",
            "sun.net.util")) {
      command.add("--add-opens=java.base/" + module + "=ALL-UNNAMED");
    }
    command.addAll(
        List.of("-cp", LIBRARIES + File.separator + "*", main, "--configDir", place.toString()));
    command.addAll(arguments);
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(place.toFile())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve(name + ".log").toFile());
    builder.environment().keySet().removeIf(v -> v.startsWith("FATHOM") || v.startsWith("FLINK"));
    builder.environment().putAll(variables);
    return builder.start();
  }

  /** Waits until so many TaskManagers, at least, have registered. */
  public void awaitWorkers(int count) throws IOException, InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(STARTING_SECONDS);
    HttpClient client = HttpClient.newHttpClient();
    HttpRequest overview =
        HttpRequest.newBuilder(URI.create("http://" + master() + "/overview"))
            .timeout(Duration.ofSeconds(10))
            .build();
    String said = "";
    while (System.nanoTime() < end) {
      try {
        said = client.send(overview, HttpResponse.BodyHandlers.ofString()).body();
        var found = WORKERS.matcher(said);
        if (found.find() && Integer.parseInt(found.group(1)) >= count) {
          return;
        }
      } catch (IOException e) {
        said = e.toString();
      }
      Thread.sleep(200);
    }
    throw new IllegalStateException(
        "no " + count + " TaskManagers after " + STARTING_SECONDS + " s: " + said + "\n" + logs());
  }

  /** The address that a run is given. */
  public String master() {
    return "127.0.0.1:" + restPort;
  }

  /** {@code kill -9} of a TaskManager. */
  public void killWorker(int number) throws InterruptedException {
    Process worker = workers.remove(number);
    if (worker != null) {
      worker.destroyForcibly().waitFor();
    }
  }

  /** {@code kill -9} of the JobManager. */
  public void killManager() throws InterruptedException {
    Process running = manager;
    if (running != null) {
      running.destroyForcibly().waitFor();
    }
  }

  /** What a process has written. */
  public String log(String name) {
    try {
      return Files.readString(directory.resolve(name + ".log"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String logs() {
    StringBuilder all = new StringBuilder();
    File[] files = directory.toFile().listFiles((d, name) -> name.endsWith(".log"));
    for (File file : files == null ? new File[0] : files) {
      String text = log(file.getName().replaceFirst("\\.log$", ""));
      all.append(file.getName())
          .append(":\n")
          .append(text.substring(Math.max(0, text.length() - 3_000)))
          .append('\n');
    }
    return all.toString();
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
    if (manager != null) {
      all.add(manager);
    }
    for (Process process : all) {
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
