package fathomexport.report;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Locale;
import java.util.Optional;

/**
 * Says why a file or a directory cannot be used, and what a person does about it: the same words
 * wherever that is, for the files of a warehouse, for temporary files, and for a page or metrics.
 */
public final class FileTrouble {
  /** What helps if the directory of the Parquet files cannot be made to take them. */
  public static final String OTHER_ROOT = "correct parquet.root in the settings";

  /** What helps if the directory for temporary files cannot be made to take them. */
  public static final String OTHER_TEMPORARY_DIRECTORY =
      "name another directory with FATHOM_EXPORT_JAVA_OPTS=-Djava.io.tmpdir=DIR";

  /** What helps where no space is left. */
  public static final String MAKE_ROOM = "make room there";

  private FileTrouble() {}

  /**
   * Returns the reason and, where one is known, the remedy in parentheses.
   *
   * @param otherwise what helps if the place itself is not to be mended, such as {@link
   *     #OTHER_ROOT}
   */
  public static String words(Exception failure, String otherwise) {
    return reason(failure)
        + remedy(failure).map(what -> " (" + what + ", or " + otherwise + ")").orElse("");
  }

  /** Returns what went wrong, in words: the message of some exceptions is only a path. */
  public static String reason(Exception failure) {
    String message = String.valueOf(failure.getMessage());
    return failure instanceof FileSystemException e && e.getReason() == null
        ? kind(e) + ": " + message
        : message;
  }

  /** Returns whether a message of the system says that no space is left. */
  public static boolean speaksOfFullDisk(String message) {
    String lower = message.toLowerCase(Locale.ROOT);
    return lower.contains("no space left on device")
        || lower.contains("disk quota exceeded")
        || lower.contains("enospc");
  }

  private static String kind(FileSystemException failure) {
    if (failure instanceof NoSuchFileException) {
      return "no such file or directory";
    }
    if (failure instanceof AccessDeniedException) {
      return "permission denied";
    }
    return failure instanceof FileAlreadyExistsException || failure instanceof NotDirectoryException
        ? "there is a file, not a directory"
        : failure.getClass().getSimpleName();
  }

  /** Returns what mends the place, by the first cause that says what is wrong with it. */
  private static Optional<String> remedy(Exception failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      String message = String.valueOf(cause.getMessage());
      String lower = message.toLowerCase(Locale.ROOT);
      if (speaksOfFullDisk(message)) {
        return Optional.of(MAKE_ROOM);
      }
      if (lower.contains("read-only file system")) {
        return Optional.of("mount it so that it can be written to");
      }
      if (cause instanceof AccessDeniedException
          || lower.contains("permission denied")
          || lower.contains("operation not permitted")) {
        return Optional.of("let user " + System.getProperty("user.name") + " read and write there");
      }
      if (cause instanceof FileAlreadyExistsException
          || cause instanceof NotDirectoryException
          || lower.contains("not a directory")) {
        return Optional.of("move away what is in the place of the directory");
      }
      if (cause instanceof DirectoryNotEmptyException || lower.contains("is a directory")) {
        return Optional.of("move away the directory in its place");
      }
      if (cause instanceof NoSuchFileException) {
        return Optional.of("create the directory");
      }
    }
    return Optional.empty();
  }

  /** Returns the words for a file that a command was to write. */
  public static String cannotWrite(Object file, IOException failure, String otherwise) {
    return "cannot write " + file + ": " + words(failure, otherwise);
  }
}
