package fathomexport.cli;

import fathomexport.pipeline.FailureKind;
import fathomexport.pipeline.RunListener;
import fathomexport.pipeline.WindowOutcome;
import java.io.PrintStream;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.jspecify.annotations.Nullable;

/**
 * Shows how a run gets on: to a person a bar of requests, with the rows so far; to a log one line a
 * window.
 */
abstract class Progress implements RunListener, AutoCloseable {

  static Progress of(Environment environment) {
    return environment.terminal()
        ? new Bar(environment.err())
        : new Lines(environment.err(), environment.clock());
  }

  @Override
  public void close() {}

  /** One structured line a window. */
  private static final class Lines extends Progress {
    private final PrintStream err;
    private final InstantSource clock;
    private final AtomicLong requests = new AtomicLong();

    Lines(PrintStream err, InstantSource clock) {
      this.err = err;
      this.clock = clock;
    }

    @Override
    public void planned(long windows, long leastRequests) {
      err.println(
          "time="
              + clock.instant()
              + " event=planned windows="
              + windows
              + " requests_least="
              + leastRequests);
    }

    @Override
    public void requestSent() {
      requests.incrementAndGet();
    }

    @Override
    public void windowEnded(WindowOutcome outcome) {
      FailureKind failure = outcome.failure();
      err.println(
          "time="
              + clock.instant()
              + " event=window window=\""
              + outcome.window()
              + "\" status="
              + (failure == null
                  ? outcome.changed() == 0 ? "unchanged" : "committed"
                  : failure.name().toLowerCase(Locale.ROOT))
              + " rows="
              + outcome.rows()
              + " requests="
              + requests.get()
              + (outcome.message().isEmpty()
                  ? ""
                  : " message=\"" + outcome.message().replace('"', '\'') + "\""));
    }
  }

  /** A bar whose unit is the request: the quota makes requests, not rows, take the time. */
  private static final class Bar extends Progress {
    private final PrintStream err;
    private final AtomicLong requests = new AtomicLong();
    private final AtomicLong rows = new AtomicLong();
    private @Nullable ProgressBar bar;

    Bar(PrintStream err) {
      this.err = err;
    }

    @Override
    public synchronized void planned(long windows, long leastRequests) {
      if (windows > 0) {
        bar =
            new ProgressBarBuilder()
                .setTaskName("Requests")
                .setInitialMax(leastRequests)
                .setUpdateIntervalMillis(500)
                .setConsumer(new ConsoleProgressBarConsumer(err))
                .build();
      }
    }

    @Override
    public synchronized void requestSent() {
      if (bar != null) {
        bar.stepTo(requests.incrementAndGet());
        bar.maxHint(Math.max(bar.getMax(), requests.get()));
      }
    }

    @Override
    public synchronized void waiting(Instant until) {
      if (bar != null) {
        bar.setExtraMessage(message() + ", waiting for the quota");
      }
    }

    @Override
    public synchronized void rowsFetched(long fetched) {
      rows.addAndGet(fetched);
      if (bar != null) {
        bar.setExtraMessage(message());
      }
    }

    private String message() {
      return " " + Printer.number(rows.get()) + " rows";
    }

    @Override
    public synchronized void windowEnded(WindowOutcome outcome) {
      if (outcome.failure() != null && bar != null) {
        bar.setExtraMessage(" ! " + outcome.window());
      }
    }

    @Override
    public synchronized void close() {
      if (bar != null) {
        bar.close();
      }
    }
  }
}
