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

/**
 * Locks by name, between threads and between processes, freed by the operating system when a
 * process dies.
 *
 * <p>POSIX drops all locks that a process has on a file as soon as the process closes any
 * descriptor of it. So a lock's file is opened once, and closed only while its lock is held: then
 * nobody else in this process, such as another sink, can lose one.
 */
public final class FileLocks implements AutoCloseable {
  private static final Duration LONGEST_WAIT = Duration.ofMinutes(2);
  private static final long POLL_MILLIS = 10;

  private final Path directory;
  private final Map<String, Named> locks = new HashMap<>();

  public FileLocks(Path directory) {
    this.directory = directory;
  }

  /** The lock that covers a report's files and its notes. */
  public static String ofReport(String report) {
    return "report-" + report;
  }

  /** A held lock; closing it twice does no harm. */
  public interface Held extends AutoCloseable {
    @Override
    void close();
  }

  /** What is done under a lock. */
  public interface Work<T> {
    T run() throws IOException;
  }

  /**
   * Waits for the lock and does the work under it.
   *
   * @throws IOException also when another process does not let go of the lock within two minutes
   */
  public <T> T holding(String name, Work<T> work) throws IOException {
    Named lock = named(name);
    lock.acquire();
    try {
      return work.run();
    } finally {
      lock.release();
    }
  }

  /** Takes the lock if nobody has it, this process included. */
  public Optional<Held> tryAcquire(String name) throws IOException {
    return named(name).tryAcquire();
  }

  private Named named(String name) {
    synchronized (locks) {
      return locks.computeIfAbsent(
          name, n -> new Named(directory.resolve(Layout.escape(n) + ".lock")));
    }
  }

  @Override
  public void close() throws IOException {
    synchronized (locks) {
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
    private @Nullable Held single;

    Named(Path file) {
      this.file = file;
    }

    void acquire() throws IOException {
      try {
        if (!threads.tryLock(LONGEST_WAIT.toNanos(), TimeUnit.NANOSECONDS)) {
          throw new IOException("waited for " + LONGEST_WAIT.toSeconds() + " s for " + file);
        }
        boolean locked = false;
        try {
          for (long waited = 0; !lockProcesses(); waited += POLL_MILLIS) {
            if (waited >= LONGEST_WAIT.toMillis()) {
              throw new IOException(
                  "another process holds " + file + ": see that it ends, and run again");
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

    synchronized Optional<Held> tryAcquire() throws IOException {
      if (single != null || !lockProcesses()) {
        return Optional.empty();
      }
      Held held =
          new Held() {
            @Override
            public void close() {
              releaseSingle(this);
            }
          };
      single = held;
      return Optional.of(held);
    }

    private synchronized void releaseSingle(Held held) {
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
        // Another sink of this process has it.
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
        // The channel is closed, and the lock with it.
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
        // Closing would free another sink's lock; the descriptor ends with the process.
        return;
      }
      open.close();
      processes = null;
      single = null;
    }
  }
}
