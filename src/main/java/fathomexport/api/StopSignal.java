package fathomexport.api;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Asks everything that waits to end: no new request is made after it. Set once, never taken back.
 * Thread-safe.
 */
public final class StopSignal {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition asked = lock.newCondition();
  private final List<Registration> actions = new ArrayList<>();
  private volatile boolean stopped;

  /** What is to be undone when nobody waits for the signal any more. */
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

  /** Asks for the stop. Further calls do nothing. */
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

  /**
   * Runs the action when the stop is asked, in the asking thread; at once when it was asked before.
   * The action is quick and throws nothing.
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

  /** Waits for the given time, or less when the stop is asked. */
  void sleep(Duration time, TimeSource source) throws InterruptedException, StoppedException {
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
