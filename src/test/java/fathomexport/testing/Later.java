package fathomexport.testing;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** Something that is done on a thread of its own, a little after it is asked for. */
public final class Later {
  private final FutureTask<?> task;
  private final Thread thread;

  private Later(long millis, Callable<?> what) {
    task =
        new FutureTask<>(
            () -> {
              Thread.sleep(millis);
              return what.call();
            });
    thread = new Thread(task, "later");
    thread.setDaemon(true);
  }

  /** Prepares it. */
  public static Later of(long millis, Callable<?> what) {
    return new Later(millis, what);
  }

  /** Does it so many milliseconds from now. */
  public static Later after(long millis, Callable<?> what) {
    Later later = of(millis, what);
    later.start();
    return later;
  }

  public void start() {
    thread.start();
  }

  /**
   * Waits for its end.
   *
   * @throws IllegalStateException when it failed, with why
   */
  public void join() {
    try {
      task.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
