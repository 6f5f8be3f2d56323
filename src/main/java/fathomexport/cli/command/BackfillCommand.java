package fathomexport.cli.command;

import fathomexport.cli.output.RunPrinting;
import fathomexport.report.DayRange;
import fathomexport.run.Budget;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "backfill",
    description = {
      "Export a range of days.",
      "",
      "Fetches what is not complete yet, newest first, and resumes where it was stopped. The"
          + " range is widened to the whole months or years of reports that are grouped so."
    },
    footer = {
      "",
      "Examples:",
      "  fathom-export backfill nightly --from 2026-01-01 --to 2026-03-31",
      "  fathom-export backfill nightly --from 2026-01 --to yesterday --site CDBUGS"
    })
public final class BackfillCommand implements Callable<Integer> {
  /** The API has no complete data before this day. */
  private static final LocalDate ACCURATE_FROM = LocalDate.of(2021, 3, 1);

  private final Context context;

  @Parameters(paramLabel = "PIPELINE", description = CommandOptions.PIPELINE)
  String pipeline = "";

  @ArgGroup(exclusive = false, multiplicity = "1")
  CommandOptions.Range range = new CommandOptions.Range();

  @Option(names = "--force", description = "Export periods again even if they are complete.")
  boolean force;

  @Option(
      names = "--fetched-before",
      paramLabel = "TIME",
      description =
          "With --force: only what was fetched before this time, for example 2026-03-01T12:00:00Z."
              + " Use it to continue a stopped backfill of --force.")
  @Nullable Instant fetchedBefore;

  @Option(names = "--newest-first", description = "Begin with the newest windows (the default).")
  boolean newestFirst;

  @Option(names = "--oldest-first", description = "Begin with the oldest windows.")
  boolean oldestFirst;

  @Mixin Selected selected = new Selected();

  @Mixin CommandOptions.RunLimits limits = new CommandOptions.RunLimits();

  @Mixin CommandOptions.Waiting waiting = new CommandOptions.Waiting();

  @Mixin Launch.Metrics metrics = new Launch.Metrics();

  @Spec @Nullable CommandSpec spec;

  public BackfillCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    CommandSpec command = Objects.requireNonNull(spec);
    DayRange days = range.days(command, context.today());
    if (newestFirst && oldestFirst) {
      throw new ParameterException(
          command.commandLine(), "--newest-first and --oldest-first exclude each other");
    }
    if (fetchedBefore != null && !force) {
      throw new ParameterException(command.commandLine(), "--fetched-before needs --force");
    }
    Budget budget = limits.budget(command);
    String warning =
        days.first().isBefore(ACCURATE_FROM)
            ? "the API is only accurate for data since March 2021: in older data it cannot combine"
                + " fields such as browser, country and pathname"
            : "";
    return Launch.run(
        context,
        pipeline,
        "backfill",
        selected.selection(),
        metrics,
        warning,
        (exporter, job) ->
            exporter.backfill(
                job,
                days,
                force,
                fetchedBefore,
                !oldestFirst,
                budget,
                waiting.patience(),
                context.options().beamArguments),
        RunPrinting::print);
  }
}
