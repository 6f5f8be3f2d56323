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
 * Sends events in order on a separate thread. Only the end of a run waits for them, and for no
 * longer than a set time. All failures together cause one warning.
 */
final class EventDelivery implements AutoCloseable {
  private final Sender sender;
  private final String target;
  private final Duration patience;
  private final Consumer<String> warn;
  private final AtomicBoolean warned = new AtomicBoolean();
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          work -> {
            Thread sending = new Thread(work, "lineage");
            sending.setDaemon(true);
            return sending;
          });

  /** Sends one event. */
  interface Sender extends AutoCloseable {
    /**
     * Sends one event.
     *
     * @throws IOException if the target does not accept it; the message gives the reason, without
     *     secrets
     * @throws RuntimeException for the same reasons
     */
    void send(String event) throws IOException;

    @Override
    void close();
  }

  /**
   * @param target the name of the target, for people
   * @param patience how long {@link #close()} waits for open events
   */
  EventDelivery(Sender sender, String target, Duration patience, Consumer<String> warn) {
    this.sender = sender;
    this.target = target;
    this.patience = patience;
    this.warn = warn;
  }

  void send(String event) {
    try {
      thread.execute(() -> attempt(event));
    } catch (RejectedExecutionException e) {
      warnOnce("the delivery of events has ended");
    }
  }

  private void attempt(String event) {
    try {
      sender.send(event);
    } catch (IOException | RuntimeException | LinkageError e) {
      warnOnce(e.getMessage() == null ? e.toString() : e.getMessage());
    }
  }

  /** Warns once that lineage is lost. */
  void warnOnce(String why) {
    if (warned.compareAndSet(false, true)) {
      warn.accept("lineage: could not report to " + target + ": " + why + "; the export continues");
    }
  }

  @Override
  public void close() {
    thread.shutdown();
    try {
      if (!thread.awaitTermination(patience.toMillis(), TimeUnit.MILLISECONDS)) {
        warnOnce("no response within " + patience.toMillis() + " ms");
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
