package fathomexport.beam;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A directory with the configuration for Flink's client: the user's, and what Beam has no option
 * for. It is deleted on close.
 */
final class FlinkConfiguration implements AutoCloseable {
  /** As Flink looks for them. */
  private static final List<String> FILES = List.of("config.yaml", "flink-conf.yaml");

  /**
   * Flink's other scheduler of batches starts fewer workers than it is asked to, by the bytes that
   * they read; lanes have next to none, so it would export them one after the other.
   */
  private static final String SCHEDULER = "jobmanager.scheduler: Default";

  private final Path directory;

  private FlinkConfiguration(Path directory) {
    this.directory = directory;
  }

  /**
   * Creates the directory.
   *
   * @param users the user's own; null if there is none
   */
  static FlinkConfiguration create(@Nullable Path users) {
    try {
      Path directory = Files.createTempDirectory("fathom-export-flink-");
      Optional<Path> file =
          users == null
              ? Optional.empty()
              : FILES.stream().map(users::resolve).filter(Files::isRegularFile).findFirst();
      List<String> lines = new ArrayList<>();
      if (file.isPresent()) {
        lines.addAll(Files.readAllLines(file.get()));
      }
      if (lines.stream().noneMatch(line -> line.startsWith("jobmanager.scheduler:"))) {
        lines.add(SCHEDULER);
      }
      String name = file.map(f -> f.getFileName().toString()).orElse(FILES.get(1));
      Files.write(directory.resolve(name), lines);
      return new FlinkConfiguration(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Path directory() {
    return directory;
  }

  @Override
  public void close() {
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
