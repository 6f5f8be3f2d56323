package fathomexport.sink.parquet.ledger;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import org.jspecify.annotations.Nullable;

/**
 * What the file system says of a file. As long as it stays the same, the file counts as unchanged.
 *
 * @param fileKey identifies the file; null if the file system has no such key
 */
record FileState(FileTime modified, long size, @Nullable Object fileKey) {

  /** Returns the state of a file, or null if it does not exist. */
  static @Nullable FileState of(Path file) throws IOException {
    try {
      BasicFileAttributes a = Files.readAttributes(file, BasicFileAttributes.class);
      return new FileState(a.lastModifiedTime(), a.size(), a.fileKey());
    } catch (NoSuchFileException e) {
      return null;
    }
  }
}
