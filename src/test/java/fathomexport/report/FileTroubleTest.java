package fathomexport.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever is wrong with a file, the message says what it is and what to do about it. */
class FileTroubleTest {
  static Stream<Arguments> failures() {
    return Stream.of(
        arguments(
            new FileSystemException("/w/f", null, "Read-only file system"),
            "/w/f: Read-only file system (mount it so that it can be written to, or call X)"),
        arguments(
            new FileSystemException("/w/f", null, "No space left on device"),
            "/w/f: No space left on device (make room there, or call X)"),
        arguments(
            new IOException("cannot write /w/f", new IOException("Disk quota exceeded")),
            "cannot write /w/f (make room there, or call X)"),
        arguments(
            new AccessDeniedException("/w/f"),
            "permission denied: /w/f (let user "
                + System.getProperty("user.name")
                + " read and write there, or call X)"),
        arguments(
            new FileAlreadyExistsException("/w"),
            "there is a file, not a directory: /w (move away what is in the place of the"
                + " directory, or call X)"),
        arguments(
            new NotDirectoryException("/w"),
            "there is a file, not a directory: /w (move away what is in the place of the"
                + " directory, or call X)"),
        arguments(
            new FileSystemException("/w/f", null, "Not a directory"),
            "/w/f: Not a directory (move away what is in the place of the directory, or call X)"),
        arguments(
            new NoSuchFileException("/w/f"),
            "no such file or directory: /w/f (create the directory, or call X)"),
        arguments(
            new FileSystemException("/w/.f.tmp", "/w/f", "Is a directory"),
            "/w/.f.tmp -> /w/f: Is a directory (move away the directory in its place, or call X)"),
        arguments(new IOException("Input/output error"), "Input/output error"));
  }

  @ParameterizedTest
  @MethodSource("failures")
  void theWordsEndWithTheRemedy(IOException failure, String expected) {
    assertThat(FileTrouble.words(failure, "call X")).isEqualTo(expected);
  }
}
