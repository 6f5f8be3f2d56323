package fathomexport.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Tells of files that appear at any depth below a directory, as soon as the kernel tells. */
public final class DirectoryWatch implements AutoCloseable {
  private final WatchService service;
  private final Map<WatchKey, Path> watched = new HashMap<>();

  /**
   * @param directory is made when it is not there
   * @param appeared gets each new file, or one that was put in the place of another
   */
  public DirectoryWatch(Path directory, Consumer<Path> appeared) {
    try {
      Files.createDirectories(directory);
      service = directory.getFileSystem().newWatchService();
      register(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Thread thread = new Thread(() -> listen(appeared), "directory-watch");
    thread.setDaemon(true);
    thread.start();
  }

  private void register(Path directory) throws IOException {
    try (Stream<Path> below = Files.walk(directory)) {
      for (Path path : below.filter(Files::isDirectory).toList()) {
        watched.put(path.register(service, StandardWatchEventKinds.ENTRY_CREATE), path);
      }
    } catch (UncheckedIOException | NoSuchFileException e) {
      // A file went while it was listed: folders stay.
    }
  }

  private void listen(Consumer<Path> appeared) {
    try {
      while (true) {
        WatchKey key = service.take();
        Path directory = watched.get(key);
        for (WatchEvent<?> event : key.pollEvents()) {
          if (directory == null || !(event.context() instanceof Path name)) {
            continue;
          }
          Path path = directory.resolve(name);
          if (Files.isDirectory(path)) {
            register(path);
          } else {
            appeared.accept(path);
          }
        }
        key.reset();
      }
    } catch (ClosedWatchServiceException e) {
      // Nobody wants to know any more.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    service.close();
  }
}
