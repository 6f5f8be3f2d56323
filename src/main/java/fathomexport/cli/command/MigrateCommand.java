package fathomexport.cli.command;

import fathomexport.cli.output.Printer;
import fathomexport.config.PipelineDefinition;
import fathomexport.config.Settings;
import fathomexport.run.RunListener;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
    name = "migrate",
    description = {"Create and extend the tables that a pipeline needs. A run does so, too."},
    footer = {"", "Example: fathom-export migrate nightly"})
public final class MigrateCommand implements Callable<Integer> {
  private final Context context;

  @Parameters(paramLabel = "PIPELINE", description = CommandOptions.PIPELINE)
  String pipeline = "";

  public MigrateCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    Settings settings = context.settings();
    PipelineDefinition definition = context.pipeline(pipeline, settings);
    List<String> notices =
        context.exporter(settings, RunListener.NONE).migrate(Context.job(definition));
    Printer printer = context.printer();
    if (printer.json()) {
      printer.json(
          Map.of(
              "migrated",
              definition.reports().stream().map(r -> r.name()).toList(),
              "notices",
              notices));
    } else {
      printer.line(
          "Ready for "
              + definition.name()
              + ": "
              + String.join(", ", definition.reports().stream().map(r -> r.name()).toList()));
      notices.forEach(printer::line);
    }
    return 0;
  }
}
