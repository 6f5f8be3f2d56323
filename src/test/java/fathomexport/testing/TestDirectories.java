package fathomexport.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AnnotatedElementContext;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.io.TempDirFactory;

/**
 * The directories that tests write to, and the data of their PostgreSQL: in memory where there is
 * room for it, since nobody keeps them. To create, sync and delete files takes a disk several times
 * the CPU time. JUnit asks this class for every {@code @TempDir}.
 */
public final class TestDirectories implements TempDirFactory {
  private static final Path MEMORY = Path.of("/dev/shm");

  /** What the tests of one JVM take is a tenth of it; containers often have 64 MB only. */
  private static final long ROOM = 2L << 30;

  private static final String PREFIX = "fathom-export-test-";
  private static final String FILES = "files-";
  private static final Path PARENT = parent();

  /** The beginning of the names of this process's directories. */
  private static final String OWN = PREFIX + ProcessHandle.current().pid() + "-";

  /** Creates a directory; the caller deletes it. */
  public static Path create() throws IOException {
    return Files.createTempDirectory(PARENT, OWN + FILES);
  }

  /** Creates the directory of a server's data, whose files are open as long as the JVM runs. */
  static Path createForServer() throws IOException {
    return Files.createTempDirectory(PARENT, OWN);
  }

  /** Deletes a directory with all that is in it. */
  public static void delete(Path directory) throws IOException {
    List<Path> innerFirst;
    try (Stream<Path> all = Files.walk(directory)) {
      innerFirst = all.sorted(Comparator.reverseOrder()).toList();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    for (Path path : innerFirst) {
      Files.deleteIfExists(path);
    }
  }

  /** The beginning of the paths of the tests' directories. */
  static String beginning() {
    return PARENT.resolve(OWN + FILES).toString();
  }

  @Override
  public Path createTempDirectory(AnnotatedElementContext element, ExtensionContext context)
      throws IOException {
    return create();
  }

  private static Path parent() {
    Path usual = Path.of(System.getProperty("java.io.tmpdir")).toAbsolutePath();
    Path chosen =
        Files.isWritable(MEMORY) && MEMORY.toFile().getUsableSpace() >= ROOM ? MEMORY : usual;
    try {
      deleteThoseOfKilledProcesses(chosen);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return chosen;
  }

  private static void deleteThoseOfKilledProcesses(Path parent) throws IOException {
    try (DirectoryStream<Path> left = Files.newDirectoryStream(parent, PREFIX + "[0-9]*-*")) {
      for (Path directory : left) {
        String process = directory.getFileName().toString().substring(PREFIX.length());
        if (ProcessHandle.of(Long.parseLong(process.substring(0, process.indexOf('-'))))
            .isEmpty()) {
          try {
            delete(directory);
          } catch (IOException e) {
            System.out.println(directory + " of a process that was killed stays: " + e);
          }
        }
      }
    }
  }
}
