package fathomexport.sink.parquet.file;

import fathomexport.report.rows.DamagedRowsException;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A file differs from what this program wrote. */
public final class DamagedFileException extends DamagedRowsException {
  private static final long serialVersionUID = 1L;
  private static final Pattern INPUT_FILE =
      Pattern.compile("org\\.apache\\.parquet\\.io\\.LocalInputFile@[0-9a-f]+");

  private DamagedFileException(
      String what, String remedy, boolean lost, @Nullable Throwable cause) {
    super(what, remedy, lost, cause);
  }

  /** Creates the exception for a data file that is something else, with the remedy. */
  public static DamagedFileException other(Path file, String what) {
    return new DamagedFileException(file + " " + what, moveAway(file), true, null);
  }

  /** Creates the exception for a file without rows, which may be lost. */
  public static DamagedFileException ofNotes(Path file, Exception cause) {
    return new DamagedFileException(
        file + " cannot be read", REMOVE + "rm " + quoted(file) + ")", false, cause);
  }

  /** Creates the exception with the file, the reason and the remedy. */
  public static DamagedFileException of(Path file, Exception cause) {
    return new DamagedFileException(
        file + " cannot be read as a Parquet file of this program (" + words(cause) + ")",
        moveAway(file),
        true,
        cause);
  }

  /** A file that no program but this one may have written is not overwritten. */
  private static String moveAway(Path file) {
    return MOVE_AWAY
        + "mv "
        + quoted(file)
        + " "
        + quoted(file.resolveSibling(file.getFileName() + ".damaged"))
        + "), since it is not overwritten";
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
