package fathomexport.demo;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The directory of all files of a demo, locked by one demo at a time. A new demo removes what an
 * earlier one created there, and nothing else.
 */
final class DemoDirectory implements AutoCloseable {
  /** The lock file, which also marks the directory as one of a demo. */
  private static final String LOCK = ".fathom-demo";

  private static final List<String> CREATED =
      List.of("conf", "pipelines", "warehouse", "postgres/data", Demo.DASHBOARD);

  /** The directory cannot be used for a demo; the message gives the reason and the remedy. */
  static final class NotUsableException extends Exception {
    private static final long serialVersionUID = 1L;

    NotUsableException(String message) {
      super(message);
    }
  }

  private final Path root;
  private final FileChannel lock;

  private DemoDirectory(Path root, FileChannel lock) {
    this.root = root;
    this.lock = lock;
  }

  /**
   * Locks a directory: a new or empty one, or that of an earlier demo.
   *
   * @throws NotUsableException if it contains other files, or another demo runs in it
   */
  static DemoDirectory take(Path directory) throws IOException, NotUsableException {
    Path root = directory.toAbsolutePath().normalize();
    Path mark = root.resolve(LOCK);
    if (Files.exists(root) && !Files.isDirectory(root)) {
      throw new NotUsableException(root + " is a file; name a directory with --dir");
    }
    if (Files.isDirectory(root) && Files.notExists(mark) && !isEmpty(root)) {
      throw new NotUsableException(
          root
              + " contains files that are not of a demo; name a new or empty directory with --dir");
    }
    Files.createDirectories(root);
    FileChannel channel =
        FileChannel.open(mark, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    if (!locked(channel)) {
      channel.close();
      throw new NotUsableException(
          "another demo runs in " + root + "; stop it, or name another directory with --dir");
    }
    return new DemoDirectory(root, channel);
  }

  private static boolean locked(FileChannel channel) throws IOException {
    @Nullable FileLock lock;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException e) {
      // Another demo in this process holds the lock.
      return false;
    }
    return lock != null;
  }

  private static boolean isEmpty(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.findAny().isEmpty();
    }
  }

  /** Removes the files of an earlier demo. Its database server must have stopped. */
  void clear() throws IOException {
    for (String name : CREATED) {
      Path path = root.resolve(name);
      if (Files.notExists(path)) {
        continue;
      }
      try (Stream<Path> files = Files.walk(path)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  /** Writes a text file into the demo's directory; creates {@code conf} if necessary. */
  Path write(String name, String text) throws IOException {
    Path file = root.resolve(name);
    Files.createDirectories(root.resolve("conf"));
    return Files.writeString(file, text);
  }

  /** Writes a text file that other users cannot read, as required for a secret. */
  Path writeSecret(String name, String text) throws IOException {
    Path file = write(name, text);
    if (file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    }
    return file;
  }

  /** Writes a pipeline as it is shipped. */
  Path writePipeline(String name) throws IOException {
    String resource = "pipelines/" + name + ".yaml";
    Path file = root.resolve(resource);
    Files.createDirectories(root.resolve("pipelines"));
    try (InputStream in = DemoDirectory.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException("not in the jar: " + resource);
      }
      Files.copy(in, file);
    }
    return file;
  }

  Path root() {
    return root;
  }

  Path postgres() {
    return root.resolve("postgres");
  }

  Path warehouse() {
    return root.resolve("warehouse");
  }

  /** Returns the number of Parquet files and their total size in bytes. */
  Size parquet() throws IOException {
    try (Stream<Path> files = Files.walk(warehouse())) {
      long[] sum = new long[2];
      files
          .filter(f -> f.toString().endsWith(".parquet"))
          .forEach(
              f -> {
                sum[0]++;
                sum[1] += size(f);
              });
      return new Size(sum[0], sum[1]);
    }
  }

  record Size(long count, long bytes) {}

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    lock.close();
  }
}
