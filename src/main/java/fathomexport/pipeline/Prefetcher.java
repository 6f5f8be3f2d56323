package fathomexport.pipeline;

import fathomexport.plan.FetchTask;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;

/**
 * Fetches each lane on a thread of its own, one task ahead of the runner: while a window is typed
 * and committed, the next is on its way, and while the quota is waited for, the runner's thread
 * sleeps.
 */
final class Prefetcher implements AutoCloseable {
  /** What fetching a task came to: rows, or why there are none. */
  sealed interface Result {
    record Rows(Fetched fetched) implements Result {}

    record Nothing(WindowOutcome why) implements Result {}
  }

  private static final class LaneThread {
    private final ExecutorService executor =
        Executors.newSingleThreadExecutor(
            work -> {
              Thread thread = new Thread(work, "fetch");
              thread.setDaemon(true);
              return thread;
            });
    private final Map<Integer, Future<Result>> pending = new HashMap<>();
  }

  private final Function<FetchTask, Result> fetch;
  private final Map<Integer, LaneThread> lanes = new HashMap<>();

  Prefetcher(Function<FetchTask, Result> fetch) {
    this.fetch = fetch;
  }

  /** Begins a lane before the runner asks for it. */
  synchronized void start(Lane lane) {
    var unused = begin(lanes.computeIfAbsent(lane.number(), n -> new LaneThread()), lane, 0);
  }

  /** The result at this position of a lane; the next position is begun. */
  Result take(Lane lane, int position) {
    Future<Result> result;
    synchronized (this) {
      LaneThread thread = lanes.computeIfAbsent(lane.number(), n -> new LaneThread());
      result = begin(thread, lane, position);
      thread.pending.keySet().removeIf(p -> p <= position);
      if (position + 1 < lane.tasks().size()) {
        var unused = begin(thread, lane, position + 1);
      }
    }
    try {
      return result.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Result.Nothing(
          WindowOutcome.failed("", FailureKind.STOPPED, "the run was interrupted"));
    } catch (ExecutionException e) {
      throw new IllegalStateException("fetching failed outside its own reporting", e.getCause());
    }
  }

  private Future<Result> begin(LaneThread thread, Lane lane, int position) {
    return thread.pending.computeIfAbsent(
        position, p -> thread.executor.submit(() -> fetch.apply(lane.tasks().get(p))));
  }

  @Override
  public synchronized void close() {
    // What is under way ends by the run's stop signal or deadline; its spilled rows go with the
    // directory.
    lanes.values().forEach(lane -> lane.executor.shutdownNow());
    lanes.clear();
  }
}
