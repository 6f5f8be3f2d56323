package fathomexport.cli.process;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Passes a stop request to the running command and lets the requester wait for its end.
 * Thread-safe.
 */
public final class Shutdown {
  private final List<Runnable> actions = new ArrayList<>();
  private final CountDownLatch ended = new CountDownLatch(1);
  private boolean requested;

  /** Runs the action when a stop is requested, or at once if it was requested before. */
  public void onRequest(Runnable action) {
    synchronized (this) {
      if (!requested) {
        actions.add(action);
        return;
      }
    }
    action.run();
  }

  /**
   * Requests that the command stops.
   *
   * @return false if no action is registered
   */
  public boolean request() {
    List<Runnable> due;
    synchronized (this) {
      requested = true;
      due = List.copyOf(actions);
      actions.clear();
    }
    due.forEach(Runnable::run);
    return !due.isEmpty();
  }

  /** Records that the command has ended. */
  public void ended() {
    ended.countDown();
  }

  /** Waits for the end of the command; returns false if it takes longer than the given time. */
  public boolean awaitEnd(Duration longest) throws InterruptedException {
    return ended.await(longest.toMillis(), TimeUnit.MILLISECONDS);
  }
}
