package fathomexport.export;

import fathomexport.run.ExportFailedException;
import fathomexport.run.FailureKind;
import fathomexport.run.FailurePolicy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Checks the directories that native libraries are unpacked to and loaded from. A directory that is
 * mounted {@code noexec}, as {@code /tmp} is on hardened machines, is reported before anything is
 * fetched; otherwise the first window would fail halfway.
 */
final class UnpackDirectories {
  private static final String DEFAULT = "java.io.tmpdir";

  /** The property that sets a library's own directory, by library. */
  private static final Map<String, String> PROPERTIES =
      Map.of("snappy", "org.xerial.snappy.tempdir", "zstd", "ZstdTempFolder");

  private UnpackDirectories() {}

  /**
   * Checks that every directory can be used.
   *
   * @throws ExportFailedException if one cannot be used; the message says what to set
   */
  static void require() {
    PROPERTIES.forEach(
        (library, property) -> {
          String own = System.getProperty(property);
          require(Path.of(own == null ? System.getProperty(DEFAULT) : own), library, property, own);
        });
  }

  private static void require(
      Path directory, String library, String property, @Nullable String own) {
    try {
      Path probe = Files.createTempFile(directory, "fathom-export-", ".exec");
      try {
        // On Linux, isExecutable returns false for an executable file on a noexec mount.
        if (probe.toFile().setExecutable(true) && !Files.isExecutable(probe)) {
          throw new ExportFailedException(
              FailureKind.CONFIGURATION,
              "the library "
                  + library
                  + " is unpacked to "
                  + directory
                  + ", which is mounted noexec, so that it cannot be loaded from there: "
                  + advice(property, own),
              null);
        }
      } finally {
        Files.deleteIfExists(probe);
      }
    } catch (IOException e) {
      throw new ExportFailedException(
          FailureKind.STORAGE,
          "the library "
              + library
              + " cannot be unpacked to "
              + directory
              + " ("
              + FailurePolicy.words(e)
              + "): "
              + advice(property, own),
          e);
    }
  }

  private static String advice(String property, @Nullable String own) {
    return own == null
        ? "name a directory from which programs may run with"
            + " FATHOM_EXPORT_JAVA_OPTS=-Djava.io.tmpdir=DIR, or for the libraries alone by"
            + " \"-Dorg.xerial.snappy.tempdir=DIR -DZstdTempFolder=DIR\""
        : "name a directory from which programs may run with -D" + property + "=DIR";
  }
}
