package fathomexport.cli.output;

import fathomexport.cli.process.Environment;
import fathomexport.cli.process.GlobalOptions;
import fathomexport.cli.process.LogFormat;
import fathomexport.cli.process.ShownStream;
import fathomexport.report.ShownText;
import fathomexport.report.SiteId;
import fathomexport.report.Window;
import fathomexport.run.FailureKind;
import fathomexport.run.PlannedRun;
import fathomexport.run.RunListener;
import fathomexport.run.RunResult;
import fathomexport.run.WindowOutcome;
import java.io.PrintStream;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.Optional;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.jspecify.annotations.Nullable;

/**
 * Shows the progress of a run on standard error: on a terminal, a bar of requests with rows, rate
 * and remaining time; otherwise one line per window, as JSON or as text.
 */
public abstract class Progress implements RunListener, AutoCloseable {

  public static Progress of(Environment environment, GlobalOptions options) {
    LogFormat format = LogLine.format(options.logFormat, environment.terminal());
    return environment.terminal() && format == LogFormat.TEXT
        ? new Bar(environment.err(), environment.clock(), options.quiet)
        : new Lines(environment.err(), environment.clock(), format, options.quiet);
  }

  /** Shows a warning to the user. */
  public abstract void warn(String message);

  /** Shows that the run has ended. */
  public abstract void ended(RunResult result);

  /** Shows that the run could not start or could not continue. */
  public abstract void failed(int exitCode, String message);

  @Override
  public void close() {}

  /** Writes one structured line per window; if quiet, only of what went wrong. */
  private static final class Lines extends Progress {
    private final PrintStream err;
    private final InstantSource clock;
    private final LogFormat format;
    private final boolean quiet;
    private @Nullable PlannedRun run;
    private long requests;

    Lines(PrintStream err, InstantSource clock, LogFormat format, boolean quiet) {
      this.err = err;
      this.clock = clock;
      this.format = format;
      this.quiet = quiet;
    }

    private void print(LogLine line) {
      if (quiet && line.isRoutine()) {
        return;
      }
      if (format == LogFormat.JSON) {
        err.println(line);
      } else {
        err.println(line.text());
      }
    }

    private LogLine line(String level, String event) {
      LogLine line = LogLine.of(clock.instant(), level, event).with("requests_so_far", requests);
      return run == null
          ? line
          : line.with("run_id", run.runId())
              .with("pipeline", run.pipeline())
              .with("command", run.command());
    }

    @Override
    public synchronized void planned(PlannedRun planned) {
      run = planned;
      print(
          line("INFO", "planned")
              .with("windows", planned.windows())
              .with("requests", planned.likelyRequests())
              .with(
                  "reason",
                  planned.leastRequests()
                      + " requests at least, "
                      + planned.likelyRequests()
                      + " likely"));
    }

    @Override
    public synchronized void requestSent() {
      requests++;
    }

    @Override
    public synchronized void waitingLong(Instant until, String reason) {
      print(line("INFO", "waiting").with("until", until.toString()).with("reason", reason));
    }

    @Override
    public synchronized void underWay(String message) {
      print(line("INFO", "under_way").with("reason", message));
    }

    @Override
    public void notice(String message) {
      warn(message);
    }

    @Override
    public synchronized void windowEnded(WindowOutcome outcome) {
      FailureKind failure = outcome.failure();
      Window window = outcome.subject();
      SiteId site = outcome.site();
      LogLine line =
          line(
                  failure == null ? "INFO" : "WARN",
                  outcome.recordsSkipped() == 0 ? "window" : "record")
              .with("status", status(outcome))
              .with("rows", outcome.rows())
              .with("requests", outcome.requests())
              .with("reason", outcome.message().isEmpty() ? null : outcome.message());
      line.with("site", site == null ? null : site.value()).with(LogLine.ACCOUNT, account(outcome));
      if (window != null) {
        line.with("report", window.report())
            .with("event_name", window.slice().event())
            .with("first", window.days().first().toString())
            .with("last", window.days().last().toString());
      }
      print(line);
    }

    /** Returns the account of a site, if there are several. */
    private @Nullable String account(WindowOutcome outcome) {
      SiteId site = outcome.site();
      return site == null || run == null ? outcome.account() : run.accounts().get(site);
    }

    private static String status(WindowOutcome outcome) {
      FailureKind failure = outcome.failure();
      if (outcome.recordsSkipped() > 0) {
        return "skipped";
      }
      if (failure != null) {
        return failure.name().toLowerCase(Locale.ROOT);
      }
      return outcome.changed() == 0 ? "unchanged" : "committed";
    }

    @Override
    public synchronized void warn(String message) {
      print(line("WARN", "warning").with("reason", message));
    }

    @Override
    public synchronized void ended(RunResult result) {
      print(
          line(result.exitCode() == 0 ? "INFO" : "WARN", "ended")
              .with("run_id", result.runId())
              .with("status", result.exitCode() == 0 ? "done" : "not_done")
              .with("windows", result.windowsCommitted())
              .with("rows", result.rows())
              .with("requests", result.requests())
              .with("exit_code", result.exitCode()));
    }

    @Override
    public synchronized void failed(int exitCode, String message) {
      print(
          line("ERROR", "failed")
              .with("status", "failed")
              .with("exit_code", exitCode)
              .with("reason", message));
      if (format == LogFormat.JSON) {
        // A person reads this in a scheduler's mail, where a JSON line is easily overlooked.
        err.println("fathom-export: " + message);
      }
    }
  }

  /**
   * A progress bar that counts requests, because the quota makes requests, not rows, take the time.
   */
  private static final class Bar extends Progress {
    private static final int UPDATE_MILLIS = 500;

    private final PrintStream err;
    private final InstantSource clock;
    private final boolean quiet;
    private long requests;
    private long rows;
    private @Nullable ProgressBar bar;
    private @Nullable TimeToGo toGo;

    Bar(PrintStream err, InstantSource clock, boolean quiet) {
      this.err = err;
      this.clock = clock;
      this.quiet = quiet;
    }

    @Override
    public synchronized void planned(PlannedRun run) {
      if (run.windows() > 0 && !quiet) {
        TimeToGo time = new TimeToGo(run.requestsPerMinute(), run.expected());
        toGo = time;
        bar =
            new ProgressBarBuilder()
                .setTaskName("Requests")
                .setInitialMax(run.likelyRequests())
                .setUpdateIntervalMillis(UPDATE_MILLIS)
                .showSpeed()
                .setSpeedUnit(ChronoUnit.MINUTES)
                .setEtaFunction(
                    state -> {
                      synchronized (this) {
                        return Optional.of(time.at(clock.instant()));
                      }
                    })
                .setConsumer(new ConsoleProgressBarConsumer(ShownStream.raw(err)))
                .build();
      }
    }

    @Override
    public synchronized void requestSent() {
      requests++;
      if (toGo != null) {
        toGo.sent(clock.instant());
      }
      show(message());
    }

    @Override
    public synchronized void waiting(Instant until) {
      if (toGo != null) {
        toGo.pausedUntil(until);
      }
      show(message() + ", waiting for the quota");
    }

    @Override
    public synchronized void waitingLong(Instant until, String reason) {
      if (toGo != null) {
        toGo.pausedUntil(until);
      }
      String message = " waiting until " + until.truncatedTo(ChronoUnit.SECONDS) + ": " + reason;
      if (bar == null && !quiet) {
        err.println(message.strip());
      }
      show(message);
    }

    @Override
    public synchronized void underWay(String message) {
      show(" " + message);
    }

    @Override
    public void notice(String message) {
      warn(message);
    }

    @Override
    public synchronized void rowsFetched(long fetched) {
      rows += fetched;
      show(message());
    }

    @Override
    public synchronized void windowEnded(WindowOutcome outcome) {
      Window window = outcome.subject();
      if (toGo != null && window != null) {
        toGo.ended(window.id(), outcome.requests(), outcome.failure() != null);
      }
      show(outcome.failure() == null ? message() : " ! " + outcome.window());
    }

    /** Shows the requests so far out of the expected total. */
    private void show(String message) {
      if (bar != null && toGo != null) {
        bar.maxHint(requests + toGo.requestsLeft());
        bar.stepTo(requests);
        // The bar moves the cursor, so its stream does not escape what it prints.
        bar.setExtraMessage(ShownText.line(message));
      }
    }

    private String message() {
      return " " + Printer.number(rows) + " rows";
    }

    @Override
    public void warn(String message) {
      err.println("warning: " + message);
    }

    @Override
    public void ended(RunResult result) {}

    @Override
    public void failed(int exitCode, String message) {
      close();
      err.println("fathom-export: " + message);
    }

    @Override
    public void close() {
      ProgressBar open;
      synchronized (this) {
        open = bar;
        bar = null;
      }
      // The lock must be free, because the last update of the bar asks for the remaining time.
      if (open != null) {
        open.close();
      }
    }
  }
}
