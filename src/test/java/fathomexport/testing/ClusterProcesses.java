package fathomexport.testing;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A cluster on loopback: a manager and workers, each a process, from libraries that the profile
 * {@code cluster} lays into {@code target/cluster}. Nothing of fathom-export is on their class
 * path.
 */
public abstract class ClusterProcesses implements AutoCloseable {
  private static final long STARTING_SECONDS = 120;

  private final Path directory;
  private final String variablesOf;
  private final Map<Integer, Process> workers = new TreeMap<>();
  private @Nullable Process manager;

  /**
   * Starts nothing yet.
   *
   * @param directory for all that the processes write
   * @param variablesOf how the environment variables begin that no process inherits
   */
  ClusterProcesses(Path directory, String variablesOf) throws IOException {
    this.directory = Files.createDirectories(directory);
    this.variablesOf = variablesOf;
  }

  /** Java with a small heap, and what keeps it quick to start. */
  static List<String> java(int megabytes, String... options) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + megabytes + "m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of(options));
    return command;
  }

  /** Options that open packages of Java to the cluster's libraries. */
  static List<String> opened(String... packages) {
    List<String> options = new ArrayList<>();
    for (String opened : packages) {
      options.add("--add-opens=java.base/" + opened + "=ALL-UNNAMED");
    }
    return options;
  }

  Path directory() {
    return directory;
  }

  /** Starts the manager and waits until it answers. */
  public abstract void startManager() throws IOException, InterruptedException;

  /**
   * Starts a worker.
   *
   * @param number names it
   * @param variables its environment, besides what Java and the cluster need
   */
  public abstract void startWorker(int number, Map<String, String> variables) throws IOException;

  /** Waits until so many workers, at least, have registered. */
  public abstract void awaitWorkers(int count) throws InterruptedException;

  /** Starts the manager, and workers with these environments. */
  public final void start(List<Map<String, String>> variables)
      throws IOException, InterruptedException {
    startManager();
    for (int i = 0; i < variables.size(); i++) {
      startWorker(i + 1, variables.get(i));
    }
    awaitWorkers(variables.size());
  }

  /** Beam's options with which a run uses the cluster. */
  public abstract List<String> options();

  /** What the environment of a run needs, besides the installation's. */
  public Map<String, String> variables() {
    return Map.of();
  }

  final void manager(Process process) {
    manager = process;
  }

  final void worker(int number, Process process) {
    workers.put(number, process);
  }

  /** The process of a worker that was started and not killed. */
  public final Process worker(int number) {
    return Objects.requireNonNull(workers.get(number));
  }

  final Process start(String name, Path place, List<String> command, Map<String, String> variables)
      throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(place.toFile())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve(name + ".log").toFile());
    builder
        .environment()
        .keySet()
        .removeIf(v -> v.startsWith("FATHOM") || v.startsWith(variablesOf));
    builder.environment().putAll(variables);
    return builder.start();
  }

  final void await(String what, Callable<Boolean> so) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(STARTING_SECONDS);
    Exception last = null;
    while (System.nanoTime() < end) {
      try {
        if (so.call()) {
          return;
        }
      } catch (InterruptedException e) {
        throw e;
      } catch (Exception e) {
        last = e;
      }
      Thread.sleep(100);
    }
    throw new IllegalStateException(
        what + " is not so after " + STARTING_SECONDS + " s\n" + logs(), last);
  }

  /** {@code kill -9} of a worker and the processes that it has started. */
  public void killWorker(int number) throws InterruptedException {
    kill(workers.remove(number));
  }

  /** {@code kill -9} of the manager. */
  public void killManager() throws InterruptedException {
    kill(manager);
  }

  private static void kill(@Nullable Process process) throws InterruptedException {
    if (process != null) {
      List<ProcessHandle> started = process.children().toList();
      process.destroyForcibly().waitFor();
      started.forEach(ProcessHandle::destroyForcibly);
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

  static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    try {
      for (Process worker : workers.values()) {
        kill(worker);
      }
      kill(manager);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
