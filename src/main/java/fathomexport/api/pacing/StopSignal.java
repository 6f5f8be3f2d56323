package fathomexport.api.pacing;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Requests a stop: waits end, and no new request is sent. Once set, the signal stays set.
 * Thread-safe.
 */
public final class StopSignal {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition asked = lock.newCondition();
  private final List<Registration> actions = new ArrayList<>();
  private volatile boolean stopped;

  /** The registration of an action; closing it removes the action. */
  public final class Registration implements AutoCloseable {
    private final Runnable action;

    private Registration(Runnable action) {
      this.action = action;
    }

    @Override
    public void close() {
      lock.lock();
      try {
        actions.remove(this);
      } finally {
        lock.unlock();
      }
    }
  }

  /** Requests the stop. Further calls have no effect. */
  public void stop() {
    List<Registration> due;
    lock.lock();
    try {
      if (stopped) {
        return;
      }
      stopped = true;
      due = List.copyOf(actions);
      actions.clear();
      asked.signalAll();
    } finally {
      lock.unlock();
    }
    due.forEach(r -> r.action.run());
  }

  public boolean stopped() {
    return stopped;
  }

  /** Returns how many actions wait for the stop. */
  int waiting() {
    lock.lock();
    try {
      return actions.size();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Runs the action when a stop is requested, in the requesting thread, or at once if it was
   * requested before. The action must be quick and throw nothing.
   */
  public Registration onStop(Runnable action) {
    Registration registration = new Registration(action);
    boolean late;
    lock.lock();
    try {
      late = stopped;
      if (!late) {
        actions.add(registration);
      }
    } finally {
      lock.unlock();
    }
    if (late) {
      action.run();
    }
    return registration;
  }

  /**
   * Waits for the given time.
   *
   * @throws StoppedException if a stop is requested first
   */
  public void sleep(Duration time, TimeSource source)
      throws InterruptedException, StoppedException {
    long end = source.nanos() + time.toNanos();
    lock.lock();
    try {
      for (long left = end - source.nanos(); left > 0; left = end - source.nanos()) {
        if (stopped) {
          throw new StoppedException();
        }
        source.await(asked, left);
      }
      if (stopped) {
        throw new StoppedException();
      }
    } finally {
      lock.unlock();
    }
  }
}
