package fathomexport.cli.command;

import fathomexport.cli.output.MetricsFile;
import fathomexport.cli.output.Printer;
import fathomexport.cli.output.Progress;
import fathomexport.cli.process.ExitCodes;
import fathomexport.config.ConfigException;
import fathomexport.config.PipelineDefinition;
import fathomexport.config.Settings;
import fathomexport.export.Exporter;
import fathomexport.inspect.StatusOverview;
import fathomexport.lineage.RunLineage;
import fathomexport.run.ExportFailedException;
import fathomexport.run.ExportJob;
import fathomexport.run.RunListener;
import fathomexport.run.RunResult;
import fathomexport.run.Selection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Starts long-running work, shows its progress, and writes its metrics for monitoring. */
final class Launch {
  /** The command after which what is stored of reports is not read: it starts every few minutes. */
  private static final String SNAPSHOT = "snapshot";

  private Launch() {}

  /** The option for the metrics file. */
  static final class Metrics {
    @Option(
        names = "--metrics-file",
        paramLabel = "FILE",
        description =
            "When the run ends, write its numbers into this file, in the format of Prometheus' node"
                + " exporter.")
    @Nullable Path file;
  }

  /** The work to start. */
  interface RunStart {
    RunResult start(Exporter exporter, ExportJob job);
  }

  /** Prints the result at the end. */
  interface Result {
    void print(Printer printer, String pipeline, RunResult result);
  }

  /**
   * Runs the work to its end.
   *
   * @param warning shown before the start; empty for none
   * @return the exit code
   */
  static int run(
      Context context,
      String pipeline,
      String command,
      Selection selection,
      Metrics metrics,
      String warning,
      RunStart work,
      Result print) {
    Instant startedAt = context.environment().clock().instant();
    try (Progress progress = context.progress()) {
      if (!warning.isEmpty()) {
        progress.warn(warning);
      }
      return measured(
          context,
          pipeline,
          command + selection.options(),
          metrics,
          progress::failed,
          numbers ->
              run(
                  context,
                  pipeline,
                  command,
                  selection,
                  work,
                  print,
                  progress,
                  RunListener.all(List.of(progress, numbers))));
    } catch (ConfigException e) {
      context.notBegun(pipeline, command + selection.options(), startedAt, e);
      throw e;
    }
  }

  /** Work that reports its events to a listener, which measures it. */
  interface Measured {
    Ended run(RunListener numbers);
  }

  /** Receives the reason why the metrics cannot be written. */
  interface Complaint {
    void failed(int exitCode, String message);
  }

  /**
   * Runs the work, and then writes its metrics and notifies people of its end, however it ends, as
   * far as this is asked for.
   *
   * @return the exit code
   */
  static int measured(
      Context context,
      String pipeline,
      String command,
      Metrics metrics,
      Complaint complaint,
      Measured work) {
    // From here on a signal ends the command in order, with its record and its metrics, although
    // nothing that could be stopped has begun: what begins later is stopped at once.
    context.environment().shutdown().onRequest(() -> {});
    return Notifications.after(
        context,
        pipeline,
        command,
        seen ->
            withMetrics(
                context,
                pipeline,
                command,
                metrics,
                (exitCode, message) -> {
                  seen.failed(message);
                  complaint.failed(exitCode, message);
                },
                numbers -> seen.ended(work.run(numbers))));
  }

  private static int withMetrics(
      Context context,
      String pipeline,
      String command,
      Metrics metrics,
      Complaint complaint,
      Measured work) {
    if (metrics.file == null) {
      return work.run(RunListener.NONE).exitCode();
    }
    Path file = context.environment().workingDirectory().resolve(metrics.file);
    Path directory = file.toAbsolutePath().getParent();
    if (directory == null || !Files.isDirectory(directory)) {
      complaint.failed(
          ExitCodes.STORAGE,
          "there is no directory for --metrics-file " + file + ": create it, or name another file");
      return ExitCodes.STORAGE;
    }
    MetricsFile numbers =
        new MetricsFile(file, pipeline, command, context.environment().clock().instant());
    int code = ExitCodes.FAULT;
    Ended ended = null;
    try {
      ended = work.run(numbers);
      code = ended.exitCode();
    } catch (ConfigException e) {
      code = ExitCodes.CONFIGURATION;
      throw e;
    } catch (ExportFailedException e) {
      code = e.exitCode();
      throw e;
    } finally {
      code = write(numbers, context, pipeline, command, code, ended, complaint);
    }
    return code;
  }

  /**
   * The end of a run.
   *
   * @param result null if the run could not start
   * @param reason why it could not start; empty if it did
   */
  record Ended(int exitCode, @Nullable RunResult result, String reason) {
    Ended(int exitCode, @Nullable RunResult result) {
      this(exitCode, result, "");
    }
  }

  private static Ended run(
      Context context,
      String name,
      String command,
      Selection selection,
      RunStart work,
      Result print,
      Progress progress,
      RunListener listener) {
    Settings settings = context.settings();
    PipelineDefinition pipeline = context.pipeline(name, settings);
    ExportJob job;
    try {
      job = Context.job(pipeline).only(selection);
    } catch (ExportFailedException e) {
      progress.failed(e.exitCode(), String.valueOf(e.getMessage()));
      return new Ended(e.exitCode(), null);
    }
    Settings.Lineage target = settings.lineage();
    if (target == null) {
      return run(context, settings, job, work, print, progress, listener);
    }
    try (RunLineage lineage =
        ConfiguredLineage.of(context, settings, target, job, command, progress::warn)) {
      return run(
          context,
          settings,
          job,
          (exporter, part) -> reported(lineage, () -> work.start(exporter, part)),
          print,
          progress,
          RunListener.all(List.of(listener, lineage)));
    }
  }

  private static Ended run(
      Context context,
      Settings settings,
      ExportJob job,
      RunStart work,
      Result print,
      Progress progress,
      RunListener listener) {
    RunResult result;
    try {
      result = work.start(context.exporter(settings, listener), job);
    } catch (ExportFailedException e) {
      progress.failed(e.exitCode(), String.valueOf(e.getMessage()));
      return new Ended(e.exitCode(), null, String.valueOf(e.getMessage()));
    }
    progress.ended(result);
    progress.close();
    if (result.needsPerson()) {
      context.needsPerson();
    }
    print.print(context.printer(), job.name(), result);
    return new Ended(result.exitCode(), result);
  }

  /** Runs the work and reports its end to lineage. */
  private static RunResult reported(RunLineage lineage, Supplier<RunResult> run) {
    try {
      RunResult result = run.get();
      lineage.ended(result);
      return result;
    } catch (ExportFailedException e) {
      lineage.failed(e.kind(), String.valueOf(e.getMessage()));
      throw e;
    }
  }

  private static int write(
      MetricsFile numbers,
      Context context,
      String pipeline,
      String command,
      int code,
      @Nullable Ended ended,
      Complaint complaint) {
    Instant now = context.environment().clock().instant();
    Optional<Instant> success =
        code == 0 ? Optional.of(now) : lastSuccess(context, pipeline, command, numbers);
    try {
      numbers.write(
          code,
          now,
          success,
          ended == null ? null : ended.result(),
          isSnapshot(command) ? null : status(context, pipeline));
      return code;
    } catch (IOException e) {
      int worse = code == 0 ? ExitCodes.STORAGE : code;
      complaint.failed(worse, String.valueOf(e.getMessage()));
      return worse;
    }
  }

  /** A command of a part of the sites has its options behind it. */
  private static boolean isSnapshot(String command) {
    return command.equals(SNAPSHOT) || command.startsWith(SNAPSHOT + " ");
  }

  /** Returns what is stored; null if the sinks do not say. */
  private static @Nullable StatusOverview status(Context context, String pipeline) {
    try {
      Settings settings = context.settings();
      return context
          .exporter(settings, RunListener.NONE)
          .status(Context.job(context.pipeline(pipeline, settings)));
    } catch (ConfigException | ExportFailedException e) {
      // The run has reported the same failure, and its exit code is among the metrics.
      return null;
    }
  }

  /**
   * Returns the last success from the ledger, or from the previous metrics file if the ledger has
   * none or is not available.
   */
  private static Optional<Instant> lastSuccess(
      Context context, String pipeline, String command, MetricsFile numbers) {
    try {
      Settings settings = context.settings();
      ExportJob job = Context.job(context.pipeline(pipeline, settings));
      return context
          .exporter(settings, RunListener.NONE)
          .lastSuccess(job, command)
          .or(numbers::successBefore);
    } catch (ConfigException | ExportFailedException e) {
      return numbers.successBefore();
    }
  }
}
