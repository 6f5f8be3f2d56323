package fathomexport.sink.parquet.file;

import java.io.IOException;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A data file differs from what this program wrote. */
public final class DamagedFileException extends IOException {
  private static final long serialVersionUID = 1L;
  private static final Pattern INPUT_FILE =
      Pattern.compile("org\\.apache\\.parquet\\.io\\.LocalInputFile@[0-9a-f]+");

  public DamagedFileException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /** Creates the exception with the file, the reason and the remedy. */
  public static DamagedFileException of(Path file, Exception cause) {
    return new DamagedFileException(
        file
            + " cannot be read as a Parquet file of this program ("
            + words(cause)
            + "): move it away (mv "
            + quoted(file)
            + " "
            + quoted(file.resolveSibling(file.getFileName() + ".damaged"))
            + "), and export its days again with backfill --force; until then they count as not"
            + " stored, and the file is not overwritten",
        cause);
  }

  /**
   * Returns the cause in one line that is the same at each reading: the library's message contains
   * an object's address in memory.
   */
  private static String words(Exception cause) {
    return INPUT_FILE
        .matcher(String.valueOf(cause.getMessage()).lines().findFirst().orElse(""))
        .replaceAll("it");
  }

  /** Quotes a path for a shell. */
  private static String quoted(Path path) {
    return "'" + path.toString().replace("'", "'\\''") + "'";
  }
}
