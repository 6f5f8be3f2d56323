package fathomexport.listing;

import fathomexport.run.ExportFailedException;
import fathomexport.run.FailureKind;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;

/** Does the same for several accounts at the same time, so that none waits for another. */
public final class SideBySide {
  private SideBySide() {}

  /**
   * Applies a function to all items, each in a separate thread; a single item in the calling
   * thread.
   *
   * @return the results, in the order of the items
   * @throws ExportFailedException if the calling thread is interrupted
   */
  public static <T, R> List<R> each(List<T> items, Function<T, R> work) {
    if (items.size() <= 1) {
      return items.stream().map(work).toList();
    }
    ExecutorService threads =
        Executors.newFixedThreadPool(
            items.size(),
            task -> {
              Thread thread = new Thread(task, "account");
              thread.setDaemon(true);
              return thread;
            });
    try {
      List<Future<R>> running =
          items.stream().map(item -> threads.submit(() -> work.apply(item))).toList();
      List<R> results = new ArrayList<>();
      for (Future<R> one : running) {
        results.add(one.get());
      }
      return results;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ExportFailedException(
          FailureKind.STOPPED, "interrupted while the accounts were asked for their sites", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException(e.getCause());
    } finally {
      threads.shutdownNow();
    }
  }
}
