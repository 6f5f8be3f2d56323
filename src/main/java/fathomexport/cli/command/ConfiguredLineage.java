package fathomexport.cli.command;

import fathomexport.config.LineageTarget;
import fathomexport.config.Settings;
import fathomexport.export.Exporter;
import fathomexport.lineage.LineageSettings;
import fathomexport.lineage.RunLineage;
import fathomexport.run.ExportJob;
import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * Creates the lineage of a run for the configured target. A separate class, so that lineage classes
 * are loaded only when a target is configured.
 */
final class ConfiguredLineage {
  private ConfiguredLineage() {}

  /**
   * @param warn receives a warning if lineage fails
   */
  static RunLineage of(
      Context context,
      Settings settings,
      Settings.Lineage lineage,
      ExportJob job,
      String command,
      Consumer<String> warn) {
    return new RunLineage(
        new LineageSettings(target(lineage.target()), lineage.namespace(), lineage.timeout()),
        context.exportSettings(settings),
        job,
        command,
        Exporter.beamVersion(),
        context.environment().variables(),
        context.environment().clock(),
        warn);
  }

  private static LineageSettings.Target target(LineageTarget target) {
    if (target instanceof LineageTarget.Server server) {
      return new LineageSettings.Target.Server(server.url(), server.apiKey());
    }
    LineageTarget.Lines lines = (LineageTarget.Lines) target;
    return new LineageSettings.Target.Lines(Path.of(lines.path()));
  }
}
