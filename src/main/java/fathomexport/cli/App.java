package fathomexport.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import fathomexport.cli.command.Commands;
import fathomexport.cli.command.Context;
import fathomexport.cli.command.EvidenceCommands;
import fathomexport.cli.command.PlanCommand;
import fathomexport.cli.command.SnapshotCommand;
import fathomexport.cli.command.StatusCommand;
import fathomexport.cli.process.Environment;
import fathomexport.cli.process.ExitCodes;
import fathomexport.cli.process.GlobalOptions;
import fathomexport.config.ConfigException;
import fathomexport.config.JsonSchema;
import fathomexport.run.ExportFailedException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The command line: parses the arguments, runs one command, and turns errors into messages and exit
 * codes.
 */
public final class App {
  private static final String BEAM_ARGUMENTS_FOLLOW = "--";

  private static final int USAGE_WIDTH = 100;
  private static final int LONGEST_OPTION = 30;

  private App() {}

  @Command(
      name = "fathom-export",
      versionProvider = Version.class,
      description = {
        "Exports Fathom Analytics reports to PostgreSQL and Parquet, and says which of them are"
            + " complete.",
        ""
      },
      synopsisSubcommandLabel = "COMMAND",
      commandListHeading = "%nCommands (for details: COMMAND --help):%n",
      exitCodeListHeading = "%nExit codes:%n",
      exitCodeList = {
        "0:done",
        "2:usage",
        "65:data is incomplete or quarantined",
        "70:internal error; please report it",
        "74:disk or database",
        "75:try again later; the next run continues where this one stopped",
        "77:token or permission",
        "78:configuration",
        "130, 143:stopped as requested"
      },
      footerHeading = "%nExamples:%n",
      footer = {
        "  fathom-export demo                                  try it, without an account",
        "  fathom-export validate                              check the configuration",
        "  fathom-export plan nightly                          what a night would cost",
        "  fathom-export run nightly                           what the scheduler starts",
        "  fathom-export backfill nightly --from 2026-01-01 --to 2026-03-31",
        "  fathom-export status nightly                        what is stored, and how reliable"
            + " it is",
        "",
        "Beam's own options follow --, such as: run nightly -- --runner=FlinkRunner"
      })
  private static final class Root {}

  /** The version of the jar. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = App.class.getPackage().getImplementationVersion();
      return new String[] {"fathom-export " + (version == null ? "(not packaged)" : version)};
    }
  }

  /**
   * Runs one command.
   *
   * @param more creates further commands, outside this package, from the context
   * @return the exit code
   */
  public static int run(
      List<String> arguments, Environment environment, Function<Context, List<Object>> more) {
    int split = arguments.indexOf(BEAM_ARGUMENTS_FOLLOW);
    GlobalOptions options = new GlobalOptions();
    options.beamArguments =
        split < 0 ? List.of() : List.copyOf(arguments.subList(split + 1, arguments.size()));
    Context context = new Context(environment, options);
    CommandLine line = new CommandLine(new Root());
    line.addMixin("options", options);
    line.addSubcommand(new Commands.Run(context));
    line.addSubcommand(new Commands.Backfill(context));
    line.addSubcommand(new PlanCommand(context));
    line.addSubcommand(new StatusCommand(context));
    line.addSubcommand(new EvidenceCommands.Verify(context));
    line.addSubcommand(new EvidenceCommands.Explain(context));
    line.addSubcommand(new SnapshotCommand(context));
    line.addSubcommand(new Commands.Sites(context));
    line.addSubcommand(new Commands.Validate(context));
    line.addSubcommand(new Commands.Migrate(context));
    more.apply(context).forEach(line::addSubcommand);
    line.setUsageHelpWidth(USAGE_WIDTH);
    line.setUsageHelpLongOptionsMaxWidth(LONGEST_OPTION);
    line.registerConverter(LocalDate.class, App::day);
    line.registerConverter(JsonSchema.class, App::schema);
    line.setParameterExceptionHandler((e, given) -> misused(e, environment));
    line.setOut(new PrintWriter(environment.out(), true, StandardCharsets.UTF_8));
    line.setErr(new PrintWriter(environment.err(), true, StandardCharsets.UTF_8));
    line.setExecutionStrategy(
        parsed -> {
          logging(options.verbose);
          return new CommandLine.RunLast().execute(parsed);
        });
    line.setExecutionExceptionHandler((e, command, parsed) -> failed(e, environment));
    List<String> own = split < 0 ? arguments : arguments.subList(0, split);
    if (own.isEmpty()) {
      line.usage(environment.out());
      return ExitCodes.USAGE;
    }
    try {
      return line.execute(own.toArray(new String[0]));
    } catch (Error e) {
      // Picocli passes on exceptions only; an error may be a missing system library, for example.
      return failed(e, environment);
    }
  }

  private static LocalDate day(String text) {
    try {
      return LocalDate.parse(text);
    } catch (DateTimeParseException e) {
      throw new TypeConversionException("'" + text + "' is not a day; write it as 2026-03-31");
    }
  }

  private static JsonSchema schema(String text) {
    return JsonSchema.named(text)
        .orElseThrow(
            () ->
                new TypeConversionException(
                    "there is no schema of '" + text + "'; write settings or pipeline"));
  }

  private static int misused(ParameterException e, Environment environment) {
    String command = e.getCommandLine().getCommandSpec().qualifiedName();
    environment.err().println("fathom-export: " + e.getMessage());
    if (e instanceof UnmatchedArgumentException unmatched) {
      List<String> suggestions = unmatched.getSuggestions();
      if (!suggestions.isEmpty()) {
        environment.err().println("Did you mean: " + String.join(", or ", suggestions) + "?");
      }
    }
    environment.err().println("More: " + command + " --help");
    return ExitCodes.USAGE;
  }

  private static int failed(Throwable e, Environment environment) {
    if (e instanceof ConfigException config) {
      config.problems().forEach(p -> environment.err().println(p.render()));
      return ExitCodes.CONFIGURATION;
    }
    if (e instanceof ExportFailedException failed) {
      environment.err().println("fathom-export: " + failed.getMessage());
      return failed.kind().exitCode();
    }
    LoggerFactory.getLogger(App.class).error("internal error", e);
    environment.err().println("fathom-export: internal error; please report it: " + e);
    return ExitCodes.FAULT;
  }

  private static void logging(boolean verbose) {
    for (String name : Arrays.asList("fathomexport")) {
      if (LoggerFactory.getLogger(name) instanceof Logger logger) {
        logger.setLevel(verbose ? Level.DEBUG : Level.WARN);
      }
    }
  }
}
