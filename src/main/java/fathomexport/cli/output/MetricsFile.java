package fathomexport.cli.output;

import fathomexport.inspect.PeriodState;
import fathomexport.inspect.StatusOverview;
import fathomexport.run.RunListener;
import fathomexport.run.RunResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The metrics of a run in Prometheus' text format, for the node exporter's textfile collector. All
 * values describe the last run of a pipeline and command, so all are gauges.
 */
public final class MetricsFile implements RunListener {
  private static final String PREFIX = "fathom_export_";
  private static final String SUCCESS = PREFIX + "last_success_timestamp_seconds";

  private final Path file;
  private final String labels;
  private final Instant startedAt;
  private final AtomicLong requests = new AtomicLong();
  private final AtomicLong limited = new AtomicLong();

  /**
   * @param pipeline the pipeline as the user named it: a name or a path
   */
  public MetricsFile(Path file, String pipeline, String command, Instant startedAt) {
    this.file = file;
    this.startedAt = startedAt;
    String name = Path.of(pipeline).getFileName().toString().replaceFirst("\\.ya?ml$", "");
    this.labels = "pipeline=\"" + escaped(name) + "\",command=\"" + escaped(command) + "\"";
  }

  @Override
  public void requestSent() {
    requests.incrementAndGet();
  }

  @Override
  public void limited() {
    limited.incrementAndGet();
  }

  /**
   * Returns the time of the last success according to the existing file, or empty if there is none.
   */
  public Optional<Instant> successBefore() {
    String start = SUCCESS + "{" + labels + "} ";
    try {
      return Files.readAllLines(file).stream()
          .filter(line -> line.startsWith(start))
          .map(line -> Instant.ofEpochMilli(Math.round(1000 * seconds(line, start))))
          .findFirst();
    } catch (IOException e) {
      // Without a file no success is known, so the metric is omitted.
      return Optional.empty();
    }
  }

  private static double seconds(String line, String start) {
    return Double.parseDouble(line.substring(start.length()));
  }

  /**
   * Replaces the file.
   *
   * @param success when a run last exited with 0; empty if unknown, and then omitted
   * @param result null if the run could not start or exports nothing; then windows and rows are
   *     omitted
   * @param status what is stored after the run; null if that is unknown, and then the periods are
   *     omitted
   */
  public void write(
      int exitCode,
      Instant now,
      Optional<Instant> success,
      @Nullable RunResult result,
      @Nullable StatusOverview status)
      throws IOException {
    StringBuilder text = new StringBuilder();
    success.ifPresent(
        at -> one(text, SUCCESS, "When a run last ended with exit code 0.", time(at)));
    one(text, PREFIX + "last_run_timestamp_seconds", "When the last run ended.", time(now));
    one(text, PREFIX + "exit_code", "Exit code of the last run.", String.valueOf(exitCode));
    one(
        text,
        PREFIX + "duration_seconds",
        "How long the last run took.",
        number(Duration.between(startedAt, now)));
    if (result != null) {
      results(text, result);
    }
    one(
        text,
        PREFIX + "requests",
        "Requests of the last run, each billed as a pageview.",
        String.valueOf(result == null ? requests.get() : result.requests()));
    one(
        text,
        PREFIX + "limited_requests",
        "Requests of the last run that were answered with 429.",
        String.valueOf(limited.get()));
    if (status != null) {
      periods(text, status);
    }
    WholeFile.write(file, text.toString(), "name another file with --metrics-file");
  }

  private void results(StringBuilder text, RunResult result) {
    Map<String, Long> windows = new LinkedHashMap<>();
    windows.put("planned", result.windowsPlanned());
    windows.put("committed", result.windowsCommitted());
    windows.put("unchanged", result.windowsUnchanged());
    windows.put("incomplete", result.windowsIncomplete());
    windows.put("failed", result.windowsFailed());
    windows.put("not_begun", result.windowsSkipped());
    head(
        text,
        PREFIX + "windows",
        "Windows of the last run by outcome; unchanged ones are among the committed, and an"
            + " incomplete one may be committed in part.");
    windows.forEach(
        (outcome, n) ->
            text.append(
                PREFIX + "windows{" + labels + ",outcome=\"" + outcome + "\"} " + n + "\n"));
    one(text, PREFIX + "rows", "Rows of the last run's windows.", String.valueOf(result.rows()));
    one(
        text,
        PREFIX + "quarantined_rows",
        "Rows of the last run that could not be typed.",
        String.valueOf(result.quarantined()));
  }

  private void periods(StringBuilder text, StatusOverview status) {
    Map<String, Long> periods = new LinkedHashMap<>();
    periods.put("late", status.lines().stream().mapToLong(StatusOverview.Line::late).sum());
    for (PeriodState state :
        List.of(PeriodState.MISSING, PeriodState.INCOMPLETE, PeriodState.STALE)) {
      periods.put(state.key(), status.periods(state));
    }
    periods.put(
        "differing", status.lines().stream().mapToLong(StatusOverview.Line::differing).sum());
    periods.put(
        "never_stored",
        status.lines().stream().filter(l -> l.neverStored() && l.attention()).count());
    head(
        text,
        PREFIX + "periods",
        "Periods of the pipeline that need attention, by state, over all reports, sites and events;"
            + " late ones are days, and never_stored ones are reports of a site or event.");
    periods.forEach(
        (state, n) ->
            text.append(PREFIX + "periods{" + labels + ",state=\"" + state + "\"} " + n + "\n"));
    one(
        text,
        PREFIX + "lacking_samples",
        "Samples of current visitors of the last 31 days that one sink has and another lacks.",
        String.valueOf(
            status.samplesLacking().stream().mapToLong(StatusOverview.SampleLag::samples).sum()));
  }

  private void one(StringBuilder text, String name, String help, String value) {
    head(text, name, help);
    text.append(name + "{" + labels + "} " + value + "\n");
  }

  private static void head(StringBuilder text, String name, String help) {
    text.append("# HELP " + name + " " + help + "\n# TYPE " + name + " gauge\n");
  }

  private static String time(Instant at) {
    return number(Duration.between(Instant.EPOCH, at));
  }

  /** Formats a duration in seconds with three decimals. */
  private static String number(Duration duration) {
    return "%d.%03d".formatted(duration.toSeconds(), duration.toMillisPart());
  }

  private static String escaped(String value) {
    return value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
  }
}
