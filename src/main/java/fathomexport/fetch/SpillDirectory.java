package fathomexport.fetch;

import fathomexport.report.FileTrouble;
import fathomexport.report.rows.RowSpool;
import fathomexport.run.ExportFailedException;
import fathomexport.run.FailureKind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.UUID;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The directory of one run for rows that exceed the memory. It is deleted on close. A killed run
 * leaves its directory behind; the next run deletes directories whose lock is free.
 */
public final class SpillDirectory implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SpillDirectory.class);
  private static final String PREFIX = "fathom-export-spill-";
  private static final String LOCK = "lock";

  /**
   * Is in the names of this process's directories. To ask whether one of them is locked would free
   * it: the system gives up a process's locks on a file when the process closes the file once.
   */
  private static final String PROCESS = UUID.randomUUID() + "-";

  /** How often another run may take a new directory for that of a killed run. */
  private static final int TRIES = 100;

  /** Free space required for the libraries that are unpacked there and for the first rows. */
  private static final long LEAST_BYTES = 16 * 1024 * 1024;

  private final Path path;
  private final FileChannel lockFile;

  private SpillDirectory(Path path, FileChannel lockFile) {
    this.path = path;
    this.lockFile = lockFile;
  }

  /**
   * Creates a directory below {@code java.io.tmpdir}, after deleting those of killed runs.
   *
   * @throws ExportFailedException if it cannot be created, or its disk is full
   */
  public static SpillDirectory create() {
    Path parent = Path.of(System.getProperty("java.io.tmpdir"));
    removeAbandoned(parent);
    try {
      // Not by the file store: Java finds that in /proc/mounts, which systemd's ProcSubset=pid
      // hides.
      long free = parent.toFile().getUsableSpace();
      if (Files.isDirectory(parent) && free < LEAST_BYTES) {
        throw new IOException(
            "No space left on device: " + free + " bytes are free, but a run needs " + LEAST_BYTES);
      }
      for (int i = 0; i < TRIES; i++) {
        Path path = Files.createTempDirectory(parent, PREFIX + PROCESS);
        Path lock = path.resolve(LOCK);
        FileChannel lockFile;
        try {
          lockFile =
              FileChannel.open(lock, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        } catch (NoSuchFileException e) {
          // Another run has found the directory empty and deleted it.
          continue;
        }
        // Before it was locked, another run may have found it unlocked and deleted it.
        if (lockFile.tryLock() != null && Files.exists(lock)) {
          return new SpillDirectory(path, lockFile);
        }
        lockFile.close();
      }
      throw new IOException("other runs hold the lock of each new directory");
    } catch (IOException e) {
      throw new ExportFailedException(
          FailureKind.STORAGE,
          "cannot create a directory for spilled rows in "
              + parent
              + ": "
              + FileTrouble.words(e, FileTrouble.OTHER_TEMPORARY_DIRECTORY),
          e);
    }
  }

  public Path path() {
    return path;
  }

  private static void removeAbandoned(Path parent) {
    try (DirectoryStream<Path> left = Files.newDirectoryStream(parent, PREFIX + "*")) {
      for (Path directory : left) {
        if (!directory.getFileName().toString().startsWith(PREFIX + PROCESS)) {
          removeIfAbandoned(directory);
        }
      }
    } catch (IOException e) {
      LOG.warn(
          "could not look for spill directories of killed runs in {}: {}", parent, e.getMessage());
    }
  }

  private static void removeIfAbandoned(Path directory) {
    Path file = directory.resolve(LOCK);
    if (!Files.exists(file)) {
      removeIfEmpty(directory);
      return;
    }
    // The lock is held until the directory is deleted, so that no run begins to use it.
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
        FileLock lock = channel.tryLock()) {
      if (lock != null) {
        delete(directory);
      }
    } catch (IOException e) {
      LOG.debug(
          "could not check whether {} is in use; it is not deleted: {}", directory, e.getMessage());
    }
  }

  /**
   * Deletes a directory without anything in it: a run was killed before it had a lock there, or is
   * just creating it and will create another one.
   */
  private static void removeIfEmpty(Path directory) {
    try {
      Files.deleteIfExists(directory);
    } catch (IOException e) {
      LOG.debug("{} is not an empty directory: {}", directory, e.getMessage());
    }
  }

  private static void delete(Path directory) {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path path : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      LOG.warn("could not delete spill directory {}: {}", directory, e.getMessage());
    }
  }

  @Override
  public void close() {
    delete(path);
    try {
      lockFile.close();
    } catch (IOException e) {
      LOG.warn("could not close the lock file of {}: {}", path, e.getMessage());
    }
  }

  /** Closes a spool whose rows are no longer needed or cannot be used. Logs a failure. */
  public static void drop(RowSpool spool) {
    try {
      spool.close();
    } catch (UncheckedIOException e) {
      // This is no reason for a window to fail: the file is deleted with the spill directory at the
      // latest.
      LOG.warn("could not delete spilled rows: {}", e.getMessage());
    }
  }
}
