package fathomexport.sink.parquet.file;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Named locks between threads and between processes. The operating system frees them when a process
 * dies.
 *
 * <p>POSIX drops all locks of a process on a file as soon as the process closes any descriptor of
 * it. A lock's file is therefore opened only once, and closed only while its lock is held, so that
 * no other sink in this process loses its lock.
 */
public final class FileLocks implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(FileLocks.class);
  private static final Duration LONGEST_WAIT = Duration.ofMinutes(2);
  private static final long POLL_MILLIS = 10;

  /** A longer wait is reported: by then a person wonders. */
  private static final Duration SILENT_WAIT = Duration.ofSeconds(5);

  private final Path directory;
  private final Map<String, Named> locks = new HashMap<>();
  private boolean closed;

  public FileLocks(Path directory) {
    this.directory = directory;
  }

  /** Returns the name of the lock that covers a report's files and its notes. */
  public static String ofReport(String report) {
    return "report-" + report;
  }

  /** A held lock. Closing it twice is harmless. */
  public interface HeldLock extends AutoCloseable {
    @Override
    void close();
  }

  /** Work that runs under a lock. */
  public interface FileWork<T> {
    T run() throws IOException;
  }

  /**
   * Waits for the lock and runs the work under it.
   *
   * @throws IOException if the work fails, or another thread or process holds the lock for two
   *     minutes
   */
  public <T> T holding(String name, FileWork<T> work) throws IOException {
    Named lock = named(name);
    lock.acquire();
    try {
      return work.run();
    } finally {
      lock.release();
    }
  }

  /** Takes the lock if no other holder exists, neither in this process nor in another. */
  public Optional<HeldLock> tryAcquire(String name) throws IOException {
    return named(name).tryAcquire();
  }

  private Named named(String name) {
    synchronized (locks) {
      if (closed) {
        throw new IllegalStateException("the locks in " + directory + " are closed");
      }
      return locks.computeIfAbsent(
          name, n -> new Named(directory.resolve(Layout.escape(n) + ".lock")));
    }
  }

  @Override
  public void close() throws IOException {
    synchronized (locks) {
      closed = true;
      for (Named lock : locks.values()) {
        lock.close();
      }
      locks.clear();
    }
  }

  private static final class Named {
    private final Path file;
    private final ReentrantLock threads = new ReentrantLock();
    private @Nullable FileChannel channel;
    private @Nullable FileLock processes;
    private @Nullable HeldLock single;

    Named(Path file) {
      this.file = file;
    }

    void acquire() throws IOException {
      try {
        if (!threads.tryLock(SILENT_WAIT.toNanos(), TimeUnit.NANOSECONDS)) {
          LOG.warn("waiting for another commit of this process to free {}", file);
          if (!threads.tryLock(LONGEST_WAIT.toNanos(), TimeUnit.NANOSECONDS)) {
            throw new IOException("waited for " + LONGEST_WAIT.toSeconds() + " s for " + file);
          }
        }
        boolean locked = false;
        try {
          for (long waited = 0; !lockProcesses(); waited += POLL_MILLIS) {
            if (waited >= LONGEST_WAIT.toMillis()) {
              throw new IOException(
                  "another process has locked " + file + ": wait until it ends, and run again");
            }
            if (waited == SILENT_WAIT.toMillis()) {
              LOG.warn("waiting for another process to free {}", file);
            }
            Thread.sleep(POLL_MILLIS);
          }
          locked = true;
        } finally {
          if (!locked) {
            threads.unlock();
          }
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted while waiting for " + file);
      }
    }

    void release() {
      if (threads.getHoldCount() == 1) {
        unlockProcesses();
      }
      threads.unlock();
    }

    synchronized Optional<HeldLock> tryAcquire() throws IOException {
      if (single != null || !lockProcesses()) {
        return Optional.empty();
      }
      HeldLock held =
          new HeldLock() {
            @Override
            public void close() {
              releaseSingle(this);
            }
          };
      single = held;
      return Optional.of(held);
    }

    private synchronized void releaseSingle(HeldLock held) {
      if (single == held) {
        single = null;
        unlockProcesses();
      }
    }

    private synchronized boolean lockProcesses() throws IOException {
      if (processes != null && processes.isValid()) {
        return true;
      }
      FileChannel open = channel;
      if (open == null || !open.isOpen()) {
        DurableFiles.createParent(file);
        open = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        channel = open;
      }
      try {
        processes = open.tryLock();
      } catch (OverlappingFileLockException e) {
        // Another sink of this process holds it.
        processes = null;
      }
      return processes != null;
    }

    private synchronized void unlockProcesses() {
      FileLock held = processes;
      processes = null;
      if (held == null) {
        return;
      }
      try {
        held.release();
      } catch (IOException e) {
        // The channel is closed, which has freed the lock.
        return;
      }
    }

    synchronized void close() throws IOException {
      FileChannel open = channel;
      if (open == null || !open.isOpen()) {
        return;
      }
      try {
        if (processes == null) {
          processes = open.tryLock();
        }
      } catch (OverlappingFileLockException e) {
        // Closing would free another sink's lock. The descriptor ends with the process.
        return;
      }
      open.close();
      processes = null;
      single = null;
    }
  }
}
