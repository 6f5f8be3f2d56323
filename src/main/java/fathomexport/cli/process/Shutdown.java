package fathomexport.cli.process;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Hands a request to stop to the command that runs, and lets the one who asks wait for its end.
 * Thread-safe.
 */
public final class Shutdown {
  private final List<Runnable> actions = new ArrayList<>();
  private final CountDownLatch ended = new CountDownLatch(1);
  private boolean requested;

  /** Has the action run when a stop is asked; at once when it was. */
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
   * Asks the command to stop.
   *
   * @return false when it has nothing that could be asked
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

  /** The command has ended. */
  public void ended() {
    ended.countDown();
  }

  /** Waits for the command's end; false when it took longer. */
  public boolean awaitEnd(Duration longest) throws InterruptedException {
    return ended.await(longest.toMillis(), TimeUnit.MILLISECONDS);
  }
}
