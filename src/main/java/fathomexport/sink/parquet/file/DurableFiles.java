package fathomexport.sink.parquet.file;

import fathomexport.report.FileTrouble;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Writes files that exist completely or not at all, even after a crash of the machine. */
public final class DurableFiles {
  private static final Pattern TEMPORARY = Pattern.compile("\\..+\\.[0-9a-f]{16}\\.tmp");

  private DurableFiles() {}

  /** Creates the folder of a file. */
  public static void createParent(Path file) throws IOException {
    Path parent = file.getParent();
    if (parent != null) {
      createDirectories(parent);
    }
  }

  /** Creates a folder and its missing parents, and syncs each entry in its parent to the disk. */
  public static void createDirectories(Path directory) throws IOException {
    Deque<Path> missing = new ArrayDeque<>();
    Path at = directory;
    while (at != null && !Files.isDirectory(at)) {
      missing.push(at);
      at = at.getParent();
    }
    for (Path next : missing) {
      try {
        Files.createDirectory(next);
      } catch (FileAlreadyExistsException e) {
        if (!Files.isDirectory(next)) {
          throw e;
        }
      }
      syncParent(next);
    }
  }

  /**
   * Returns a path beside the target for its next content. The name is hidden and matches no
   * reader's pattern.
   */
  public static Path temporary(Path target) {
    String random = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
    return target.resolveSibling("." + target.getFileName() + "." + random + ".tmp");
  }

  /** Renames a finished temporary file to the target, after syncing it to the disk. */
  public static void replace(Path temporary, Path target) throws IOException {
    try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
    Files.move(
        temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    syncParent(target);
  }

  /** Replaces the content of a small file. */
  public static void write(Path target, byte[] content) throws IOException {
    createParent(target);
    Path temporary = temporary(target);
    try {
      Files.write(temporary, content, StandardOpenOption.CREATE_NEW);
      replace(temporary, target);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /**
   * Appends whole lines. First truncates an incomplete last line that a crash has left.
   *
   * @param lines ends with a line feed
   */
  static void append(Path target, byte[] lines) throws IOException {
    createParent(target);
    boolean isNew = !Files.exists(target);
    try (FileChannel channel =
        FileChannel.open(
            target, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      long end = endOfLastLine(channel);
      channel.truncate(end);
      channel.position(end);
      ByteBuffer pending = ByteBuffer.wrap(lines);
      while (pending.hasRemaining()) {
        channel.write(pending);
      }
      channel.force(true);
    }
    if (isNew) {
      syncParent(target);
    }
  }

  private static long endOfLastLine(FileChannel channel) throws IOException {
    ByteBuffer one = ByteBuffer.allocate(1);
    for (long end = channel.size(); end > 0; end--) {
      one.clear();
      if (channel.read(one, end - 1) == 1 && one.get(0) == '\n') {
        return end;
      }
    }
    return 0;
  }

  /** Deletes a file, and syncs that to the disk; does nothing if the file does not exist. */
  public static void delete(Path file) throws IOException {
    if (Files.deleteIfExists(file)) {
      syncParent(file);
    }
  }

  /** Deletes the temporary files at any depth below a folder. No writer may be active there. */
  public static void removeTemporaries(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      return;
    }
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        if (TEMPORARY.matcher(file.getFileName().toString()).matches()
            && Files.isRegularFile(file)) {
          Files.deleteIfExists(file);
        }
      }
    }
  }

  /** Syncs the folder that contains an entry to the disk. */
  private static void syncParent(Path entry) throws IOException {
    Path parent = entry.getParent();
    if (parent != null) {
      try (FileChannel channel = FileChannel.open(parent, StandardOpenOption.READ)) {
        channel.force(true);
      }
    }
  }

  /** Returns why files cannot be read or written, and what to do about it. */
  public static String reason(IOException e) {
    return FileTrouble.words(e, FileTrouble.OTHER_ROOT);
  }
}
