package fathomexport.report;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A file that contains a secret on one line, and nothing else. No message shows its content. */
final class SecretFile {
  /** Largest accepted file, in bytes. Tokens and passwords have less than a tenth of it. */
  private static final int LARGEST = 4096;

  private final String path;

  SecretFile(String path) {
    this.path = path;
  }

  /**
   * Reads the secret, without surrounding white space.
   *
   * @throws SecretUnavailableException if the file cannot be read or does not contain one line; the
   *     message names the file, never its content
   */
  String read() {
    Path file = Path.of(path);
    if (Files.isDirectory(file)) {
      throw unavailable("is a directory: name the file in it that holds the secret", null);
    }
    String text;
    try (InputStream in = Files.newInputStream(file)) {
      // Read a bounded number of bytes: a file that was named by mistake may be endless.
      byte[] bytes = in.readNBytes(LARGEST + 1);
      if (bytes.length > LARGEST) {
        throw unavailable(
            "is larger than 4 KiB, so it is not a secret: name a file that holds nothing else",
            null);
      }
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString().strip();
    } catch (NoSuchFileException e) {
      throw unavailable(
          "does not exist: create it with the secret alone in one line, or name another place", e);
    } catch (AccessDeniedException e) {
      throw unavailable("cannot be read: permission denied", e);
    } catch (CharacterCodingException e) {
      // Omit the cause: its message contains only the length of the invalid bytes.
      throw unavailable("is not text in UTF-8", null);
    } catch (IOException e) {
      throw unavailable("cannot be read: " + e.getClass().getSimpleName(), e);
    }
    if (text.isEmpty()) {
      throw unavailable("is empty", null);
    }
    long lines = text.lines().count();
    if (lines > 1) {
      throw unavailable("has " + lines + " lines: write the secret alone, in one line", null);
    }
    return text;
  }

  private SecretUnavailableException unavailable(String what, @Nullable Throwable cause) {
    return new SecretUnavailableException("the secret's file " + path + " " + what, cause);
  }

  /**
   * Returns advice if other users can read the file. Returns empty if they cannot, if the platform
   * does not report permissions, and if there is no such file, which {@link #read} reports.
   */
  Optional<String> exposure() {
    try {
      Path file = Path.of(path);
      Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
      // A file of another owner, such as root, is readable by this user's group on purpose: systemd
      // and Kubernetes pass secrets to services this way.
      boolean exposed =
          permissions.contains(PosixFilePermission.OTHERS_READ)
              || (permissions.contains(PosixFilePermission.GROUP_READ)
                  && Files.getOwner(file).getName().equals(System.getProperty("user.name")));
      return exposed
          ? Optional.of(
              "the secret's file " + path + " can be read by other users: chmod 600 " + path)
          : Optional.empty();
    } catch (IOException | UnsupportedOperationException e) {
      return Optional.empty();
    }
  }
}
