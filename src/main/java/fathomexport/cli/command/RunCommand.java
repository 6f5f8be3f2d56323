package fathomexport.cli.command;

import fathomexport.cli.output.RunPrinting;
import fathomexport.run.Budget;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "run",
    description = {
      "Export the days that have ended. This is the command for a nightly scheduler.",
      "",
      "Fetches yesterday, in the time zone of each site, and the look-back, which is the days"
          + " before it that may still change. Then fills the gaps that earlier runs have left."
          + " The next run resumes a run that was stopped."
    },
    footer = {
      "",
      "Examples:",
      "  fathom-export run nightly",
      "  fathom-export run nightly --site CDBUGS --report pages_daily"
    })
public final class RunCommand implements Callable<Integer> {
  private final Context context;

  @Parameters(paramLabel = "PIPELINE", description = CommandOptions.PIPELINE)
  String pipeline = "";

  @Option(
      names = "--force",
      description =
          "Fetch the look-back again, even if a run has already fetched or confirmed it today.")
  boolean force;

  @Mixin Selected selected = new Selected();

  @Mixin CommandOptions.RunLimits limits = new CommandOptions.RunLimits();

  @Mixin CommandOptions.Waiting waiting = new CommandOptions.Waiting();

  @Mixin Launch.Metrics metrics = new Launch.Metrics();

  @Spec @Nullable CommandSpec spec;

  public RunCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    Budget budget = limits.budget(Objects.requireNonNull(spec));
    return Launch.run(
        context,
        pipeline,
        "run",
        selected.selection(),
        metrics,
        "",
        (exporter, job) ->
            exporter.run(job, force, budget, waiting.patience(), context.options().beamArguments),
        RunPrinting::print);
  }
}
