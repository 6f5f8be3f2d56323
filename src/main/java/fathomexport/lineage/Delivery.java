package fathomexport.lineage;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * Sends events in their order on a thread of its own, so that nobody waits for them but the end of
 * a run, and that no longer than a set time. Whatever goes wrong is one warning.
 */
final class Delivery implements AutoCloseable {
  private final Sender sender;
  private final String target;
  private final Duration patience;
  private final Consumer<String> warn;
  private final AtomicBoolean warned = new AtomicBoolean();
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          work -> {
            Thread made = new Thread(work, "lineage");
            made.setDaemon(true);
            return made;
          });

  /** Hands one event over. */
  interface Sender extends AutoCloseable {
    /**
     * @throws IOException when it was not taken; the message says why, without secrets
     * @throws RuntimeException likewise
     */
    void send(String event) throws IOException;

    @Override
    void close();
  }

  /**
   * @param target for people
   * @param patience what {@link #close()} waits for events that are under way
   */
  Delivery(Sender sender, String target, Duration patience, Consumer<String> warn) {
    this.sender = sender;
    this.target = target;
    this.patience = patience;
    this.warn = warn;
  }

  void send(String event) {
    try {
      thread.execute(() -> attempt(event));
    } catch (RejectedExecutionException e) {
      lost("it is closed");
    }
  }

  private void attempt(String event) {
    try {
      sender.send(event);
    } catch (IOException | RuntimeException | LinkageError e) {
      lost(e.getMessage() == null ? e.toString() : e.getMessage());
    }
  }

  /** Says once that lineage is lost. */
  void lost(String why) {
    if (warned.compareAndSet(false, true)) {
      warn.accept("lineage: not told to " + target + ": " + why + "; the export goes on");
    }
  }

  @Override
  public void close() {
    thread.shutdown();
    try {
      if (!thread.awaitTermination(patience.toMillis(), TimeUnit.MILLISECONDS)) {
        lost("no answer within " + patience.toMillis() + " ms");
        thread.shutdownNow();
      }
    } catch (InterruptedException e) {
      thread.shutdownNow();
      Thread.currentThread().interrupt();
    } finally {
      sender.close();
    }
  }
}
