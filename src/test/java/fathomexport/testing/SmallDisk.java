package fathomexport.testing;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** A file system in memory, so small that a test can fill it. */
public final class SmallDisk implements AutoCloseable {
  private static final int KILOBYTE = 1024;

  private final Path path;
  private final Path filler;

  private SmallDisk(Path path) {
    this.path = path;
    this.filler = path.resolve("filler");
  }

  /** Mounts it; empty where that is not permitted. */
  public static Optional<SmallDisk> mount(Path at, int kilobytes) {
    try {
      Files.createDirectories(at);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return run(
            "mount",
            "-t",
            "tmpfs",
            "-o",
            "mode=0700,size=" + kilobytes + "k",
            "tmpfs",
            at.toString())
        ? Optional.of(new SmallDisk(at))
        : Optional.empty();
  }

  public Path path() {
    return path;
  }

  /** Fills it up but for so much. */
  public void leave(int kilobytes) {
    byte[] block = new byte[KILOBYTE];
    try (OutputStream out = Files.newOutputStream(filler)) {
      while (path.toFile().getUsableSpace() > (long) kilobytes * KILOBYTE) {
        out.write(block);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Gives the space back. */
  public void clear() {
    try {
      Files.delete(filler);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Adds an option of the mount, such as {@code noexec}. */
  public void remount(String option) {
    if (!run("mount", "-o", "remount," + option, path.toString())) {
      throw new IllegalStateException(path + " does not remount");
    }
  }

  private static boolean run(String... command) {
    try {
      return new ProcessBuilder(command).inheritIO().start().waitFor() == 0;
    } catch (IOException e) {
      // There is no such command here.
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  @Override
  public void close() {
    if (!run("umount", "--lazy", path.toString())) {
      throw new IllegalStateException(path + " does not unmount");
    }
  }
}
