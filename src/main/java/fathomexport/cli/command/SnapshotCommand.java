package fathomexport.cli.command;

import fathomexport.cli.output.RunPrinting;
import fathomexport.run.Selection;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code snapshot}: samples the current visitors of the sites. */
@Command(
    name = "snapshot",
    description = {
      "Add a sample of current visitors: who is on each site of the pipeline now.",
      "",
      "Takes the pipeline's sites and sinks; its reports do not matter. Adds to the tables"
          + " current_visitors, current_pages and current_referrers. Sends one request per site,"
          + " billed as a pageview like any other, from the quota of 10 per minute."
    },
    footer = {"", "Example: fathom-export snapshot nightly"})
public final class SnapshotCommand implements Callable<Integer> {
  private final Context context;

  @Parameters(paramLabel = "PIPELINE", description = CommandOptions.PIPELINE)
  String pipeline = "";

  @Option(
      names = "--site",
      paramLabel = "SITE",
      split = ",",
      description = "Only this site, by its id. Several: repeat it, or separate ids by commas.")
  List<String> sites = new ArrayList<>();

  @Option(
      names = "--totals-only",
      description = "Only the number of visitors, no pages and referrers. The price is the same.")
  boolean totalsOnly;

  @Mixin Launch.Metrics metrics = new Launch.Metrics();

  @Spec CommandSpec spec = CommandSpec.create();

  public SnapshotCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    return Launch.run(
        context,
        pipeline,
        "snapshot",
        new Selection(Selected.sites(sites, spec), List.of()),
        metrics,
        "",
        (exporter, job) -> exporter.snapshot(job, !totalsOnly, context.options().beamArguments),
        RunPrinting::printSamples);
  }
}
