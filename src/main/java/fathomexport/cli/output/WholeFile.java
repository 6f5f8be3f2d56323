package fathomexport.cli.output;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;

/** Writes a file so that who reads it sees the old one or the new one, never a part. */
public final class WholeFile {
  private static final String READABLE = "rw-r--r--";

  private WholeFile() {}

  /** Writes beside it, then renames. A symbolic link is followed. */
  public static void write(Path file, String content) throws IOException {
    Path target = Files.exists(file) ? file.toRealPath() : file.toAbsolutePath();
    Path directory = target.getParent();
    // A leading dot and no known ending: collectors of such files pass it over.
    Path written = Files.createTempFile(directory, "." + target.getFileName() + ".", ".tmp");
    try {
      Files.writeString(written, content, StandardCharsets.UTF_8);
      if (Files.getFileStore(directory).supportsFileAttributeView("posix")) {
        Files.setPosixFilePermissions(written, PosixFilePermissions.fromString(READABLE));
      }
      Files.move(written, target, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(written);
    }
  }
}
