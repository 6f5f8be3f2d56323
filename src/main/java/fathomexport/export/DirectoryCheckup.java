package fathomexport.export;

import fathomexport.report.FileTrouble;
import fathomexport.run.FailureKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** Looks at a directory that a run writes to, and at the room on its disk. */
final class DirectoryCheckup {
  /** Below this, the next nights fill the disk. */
  private static final long LITTLE_SPACE = 1L << 30;

  /** Below this, a run does not start. */
  private static final long LEAST_SPACE = 64L << 20;

  private final Findings findings;

  DirectoryCheckup(Findings findings) {
    this.findings = findings;
  }

  /**
   * Looks whether files can be written to a directory, or to where it will be made.
   *
   * @param otherwise what helps if they cannot, and the directory is not to be mended
   */
  void run(String item, String key, Path directory, String otherwise) {
    Path existing = directory;
    // Whether something exists below a file is not known, so ask for what is known to exist.
    while (existing != null && !Files.exists(existing)) {
      existing = existing.getParent();
    }
    String where = directory + " (" + key + ")";
    if (existing == null || !Files.isDirectory(existing)) {
      findings.failed(
          item,
          FailureKind.STORAGE,
          where + " cannot be made, because " + existing + " is no directory: " + otherwise);
      return;
    }
    try {
      // Permissions alone do not show a read-only file system.
      Files.delete(Files.createTempFile(existing, ".fathom-export-check", ".tmp"));
      room(
          item,
          where + (existing.equals(directory) ? "" : " will be made"),
          existing.toFile().getUsableSpace(),
          otherwise);
    } catch (IOException e) {
      findings.failed(
          item,
          FailureKind.STORAGE,
          where + " cannot be written to: " + FileTrouble.words(e, otherwise));
    }
  }

  /** Says how much room there is on a directory's disk, and whether it is too little. */
  void room(String item, String where, long free, String otherwise) {
    String space =
        where + ", " + String.format(Locale.ROOT, "%.1f GiB free", free / (double) (1L << 30));
    if (free < LEAST_SPACE) {
      findings.failed(
          item, FailureKind.STORAGE, space + ": " + FileTrouble.MAKE_ROOM + ", or " + otherwise);
    } else if (free < LITTLE_SPACE) {
      findings.warning(item, space + ": make room soon");
    } else {
      findings.ok(item, space);
    }
  }
}
