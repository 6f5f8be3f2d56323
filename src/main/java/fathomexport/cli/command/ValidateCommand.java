package fathomexport.cli.command;

import fathomexport.cli.output.Printer;
import fathomexport.cli.process.ExitCodes;
import fathomexport.config.ConfigException;
import fathomexport.config.JsonSchema;
import fathomexport.config.LineageTarget;
import fathomexport.config.Loaded;
import fathomexport.config.PipelineDefinition;
import fathomexport.config.Problem;
import fathomexport.config.Settings;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "validate",
    description = {
      "Check the settings and pipelines.",
      "",
      "Reports all problems at once, of the settings and of the pipelines, each with its file, line"
          + " and key, and with what is allowed there. Sends nothing to the API. A missing secret is only a warning, so that settings"
          + " can be checked on a machine without secrets.",
      "",
      "Also compares the reports with what is stored: another grain, or an aggregate that is no"
          + " longer asked for, is refused, and a stored report that no pipeline defines is"
          + " named. A database that does not answer is a warning. While the settings are wrong,"
          + " this is not compared.",
      "",
      "With --schema it prints the JSON Schema by which editors complete and check a file, and"
          + " checks nothing itself."
    },
    footer = {"", "Example: fathom-export validate"})
public final class ValidateCommand implements Callable<Integer> {
  private final Context context;

  @Parameters(
      arity = "0..*",
      paramLabel = "PIPELINE",
      description = "Which pipelines; all in pipelines/ by default.")
  List<String> pipelines = List.of();

  @Option(
      names = "--schema",
      paramLabel = "FILE",
      description = "Print the schema of a kind of file instead: settings or pipeline.")
  @Nullable JsonSchema schema;

  public ValidateCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    if (schema != null) {
      context.environment().out().print(schema.json());
      return 0;
    }
    Loaded<Settings> settings = context.loader().settings(context.configFile());
    settings.value().ifPresent(context::warnOfExposed);
    List<Problem> problems = new ArrayList<>(settings.problems());
    List<String> names = names(problems);
    List<String> warnings =
        new ArrayList<>(settings.value().map(context::absentSecrets).orElse(List.of()));
    names.forEach(name -> warnings.addAll(Notifications.missing(context, name)));
    warnings.forEach(context::warn);
    StoredCheck stored = new StoredCheck(context);
    for (String name : names) {
      Loaded<PipelineDefinition> pipeline =
          settings
              .value()
              .map(s -> context.loader().pipeline(name, s))
              .orElseGet(() -> context.loader().pipeline(name, context.configFile()));
      problems.addAll(pipeline.problems());
      if (warnings.isEmpty()) {
        settings
            .value()
            .flatMap(s -> pipeline.value().map(p -> stored.problems(s, p)))
            .ifPresent(problems::addAll);
      }
    }
    List<String> notes = new ArrayList<>(stored.notes());
    if (settings.value().isEmpty() && !names.isEmpty()) {
      notes.add(unchecked());
    }
    notes.forEach(context::warn);
    List<String> all = Stream.concat(warnings.stream(), notes.stream()).toList();
    Printer printer = context.printer();
    if (printer.json()) {
      printer.json(Map.of("valid", problems.isEmpty(), "problems", problems, "warnings", all));
    } else if (problems.isEmpty()) {
      printer.line(
          "Valid: "
              + context.configFile()
              + " and "
              + names.size()
              + (names.size() == 1 ? " pipeline: " : " pipelines: ")
              + String.join(", ", names));
      settings.value().map(Settings::lineage).ifPresent(l -> printer.line(described(l)));
      names.stream()
          .flatMap(name -> Notifications.ways(context, name).stream())
          .forEach(printer::line);
    } else {
      problems.forEach(p -> printer.line(p.render()));
    }
    return problems.isEmpty() ? 0 : ExitCodes.CONFIGURATION;
  }

  private List<String> names(List<Problem> problems) {
    if (!pipelines.isEmpty()) {
      return pipelines;
    }
    try {
      return context.loader().pipelineNames();
    } catch (ConfigException e) {
      problems.addAll(e.problems());
      return List.of();
    }
  }

  /** Says what of the pipelines is not checked while the settings are wrong. */
  private String unchecked() {
    return "until "
        + context.configFile()
        + " is correct, it is not checked whether its secrets are there and whether the reports fit"
        + " what is stored"
        + (context.loader().showsSinks(context.configFile())
            ? ""
            : ", nor whether it configures the sinks of the pipelines");
  }

  private static String described(Settings.Lineage lineage) {
    String where =
        lineage.target() instanceof LineageTarget.Server server
            ? server.url().toString()
            : ((LineageTarget.Lines) lineage.target()).path();
    return "Lineage of runs: to " + where + ", as jobs of " + lineage.namespace();
  }
}
