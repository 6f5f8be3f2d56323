package fathomexport.cli.output;

import fathomexport.report.FileTrouble;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;

/** Writes a file atomically: readers see the old or the new content, never a part. */
public final class WholeFile {
  private static final String READABLE = "rw-r--r--";

  private WholeFile() {}

  /**
   * Writes a temporary file in the same directory and renames it. Follows a symbolic link.
   *
   * @param otherwise what helps if the place is not to be mended, such as "name another file"
   * @throws IOException if the file cannot be written; the old content remains. The message names
   *     the file and says what to do
   */
  public static void write(Path file, String content, String otherwise) throws IOException {
    try {
      write(file, content);
    } catch (IOException e) {
      throw new IOException(FileTrouble.cannotWrite(file, e, otherwise), e);
    }
  }

  private static void write(Path file, String content) throws IOException {
    Path target = Files.exists(file) ? file.toRealPath() : file.toAbsolutePath();
    Path directory = target.getParent();
    // Collectors ignore files with a leading dot and an unknown suffix.
    Path written = Files.createTempFile(directory, "." + target.getFileName() + ".", ".tmp");
    try {
      Files.writeString(written, content, StandardCharsets.UTF_8);
      if (target.getFileSystem().supportedFileAttributeViews().contains("posix")) {
        Files.setPosixFilePermissions(written, PosixFilePermissions.fromString(READABLE));
      }
      Files.move(written, target, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(written);
    }
  }
}
