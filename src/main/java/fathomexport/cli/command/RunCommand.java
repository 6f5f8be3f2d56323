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
      "Export what is over: what a scheduler starts every night.",
      "",
      "Yesterday in every site's own zone and the days of the look-back, then gaps. A stopped"
          + " run is resumed by the next one."
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

  @Option(names = "--force", description = "Export the look-back again, though it was today.")
  boolean force;

  @Mixin Selected selected = new Selected();

  @Mixin CommandOptions.Limits limits = new CommandOptions.Limits();

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
