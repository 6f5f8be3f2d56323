package fathomexport.cli.command;

import fathomexport.cli.output.RunPrinting;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code snapshot}: samples the current visitors of the sites. */
@Command(
    name = "snapshot",
    description = {
      "Add a sample of current visitors: who is on each site of the pipeline now.",
      "",
      "Takes the pipeline's sites and sinks; its reports do not matter. Adds to the tables"
          + " current_visitors, current_pages and current_referrers. One request a site, billed as"
          + " a pageview like any other, from the quota of 10 a minute."
    },
    footer = {"", "Example: fathom-export snapshot nightly"})
public final class SnapshotCommand implements Callable<Integer> {
  private final Context context;

  @Parameters(paramLabel = "PIPELINE", description = Commands.PIPELINE)
  String pipeline = "";

  @Option(
      names = "--totals-only",
      description = "Only the number of visitors, no pages and referrers. The price is the same.")
  boolean totalsOnly;

  @Mixin Launch.Metrics metrics = new Launch.Metrics();

  public SnapshotCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    return Launch.run(
        context,
        pipeline,
        "snapshot",
        metrics,
        "",
        (exporter, job) -> exporter.snapshot(job, !totalsOnly, context.options().beamArguments),
        RunPrinting::printSamples);
  }
}
