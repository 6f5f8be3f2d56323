package fathomexport.testing;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** A standalone Flink cluster: a JobManager and TaskManagers. */
public final class FlinkCluster extends ClusterProcesses {
  /** Where the profile lays Flink's libraries. */
  public static final Path LIBRARIES = Path.of("target", "cluster", "flink").toAbsolutePath();

  private static final Pattern WORKERS = Pattern.compile("\"taskmanagers\":(\\d+)");

  /** What Flink takes for each slot in which a lane is under way. */
  private static final int NETWORK_MEGABYTES = 16;

  private final int restPort = freePort();
  private final int rpcPort = freePort();
  private final int slots;
  private int started;

  /**
   * Starts nothing yet. Each TaskManager will have two slots.
   *
   * @param directory for all that the processes write
   */
  public FlinkCluster(Path directory) throws IOException {
    this(directory, 2);
  }

  /**
   * Starts nothing yet.
   *
   * @param directory for all that the processes write
   * @param slots of each TaskManager
   */
  public FlinkCluster(Path directory, int slots) throws IOException {
    super(directory, "FLINK");
    this.slots = slots;
  }

  private Path configuration(String name, String more) throws IOException {
    Path place = Files.createDirectories(directory().resolve(name));
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
        taskmanager.numberOfTaskSlots: %d
        taskmanager.cpu.cores: 1
        taskmanager.memory.task.heap.size: 256m
        taskmanager.memory.task.off-heap.size: 0m
        taskmanager.memory.framework.heap.size: 64m
        taskmanager.memory.framework.off-heap.size: 64m
        taskmanager.memory.managed.size: 32m
        taskmanager.memory.network.min: %dm
        taskmanager.memory.network.max: %dm
        taskmanager.memory.jvm-metaspace.size: 192m
        taskmanager.memory.jvm-overhead.min: 64m
        taskmanager.memory.jvm-overhead.max: 64m
        cluster.evenly-spread-out-slots: true
        heartbeat.interval: 1000
        heartbeat.timeout: 10000
        io.tmp.dirs: %s
        %s
        """
            .formatted(
                rpcPort,
                restPort,
                slots,
                slots * NETWORK_MEGABYTES,
                slots * NETWORK_MEGABYTES,
                Files.createDirectories(place.resolve("tmp")),
                more));
    return place;
  }

  @Override
  public void startManager() throws IOException, InterruptedException {
    manager(
        start(
            "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint",
            "manager-" + ++started,
            "",
            List.of("--executionMode", "cluster"),
            Map.of()));
    awaitWorkers(0);
  }

  @Override
  public void startWorker(int number, Map<String, String> variables) throws IOException {
    worker(
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
    List<String> command = java(384, "-Djava.io.tmpdir=" + place.resolve("tmp"));
    command.addAll(
        opened(
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
            "sun.net.util"));
    command.addAll(
        List.of("-cp", LIBRARIES + File.separator + "*", main, "--configDir", place.toString()));
    command.addAll(arguments);
    return start(name, place, command, variables);
  }

  @Override
  public void awaitWorkers(int count) throws InterruptedException {
    HttpClient client = HttpClient.newHttpClient();
    HttpRequest overview =
        HttpRequest.newBuilder(URI.create("http://" + master() + "/overview"))
            .timeout(Duration.ofSeconds(10))
            .build();
    await(
        "that " + count + " TaskManagers are there",
        () -> {
          var found =
              WORKERS.matcher(client.send(overview, HttpResponse.BodyHandlers.ofString()).body());
          return found.find() && Integer.parseInt(found.group(1)) >= count;
        });
  }

  /** The address that a run is given. */
  public String master() {
    return "127.0.0.1:" + restPort;
  }

  @Override
  public List<String> options() {
    return List.of("--runner=FlinkRunner", "--flinkMaster=" + master());
  }
}
