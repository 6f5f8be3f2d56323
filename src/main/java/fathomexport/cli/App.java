package fathomexport.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import fathomexport.cli.command.BackfillCommand;
import fathomexport.cli.command.CheckCommand;
import fathomexport.cli.command.Context;
import fathomexport.cli.command.DescribeCommand;
import fathomexport.cli.command.ExplainCommand;
import fathomexport.cli.command.InfoCommands;
import fathomexport.cli.command.InitCommand;
import fathomexport.cli.command.MigrateCommand;
import fathomexport.cli.command.Notifications;
import fathomexport.cli.command.NotifyCommand;
import fathomexport.cli.command.PlanCommand;
import fathomexport.cli.command.RunCommand;
import fathomexport.cli.command.SitesCommand;
import fathomexport.cli.command.SnapshotCommand;
import fathomexport.cli.command.StatusCommand;
import fathomexport.cli.command.ValidateCommand;
import fathomexport.cli.command.VerifyCommand;
import fathomexport.cli.output.LogEncoder;
import fathomexport.cli.process.DayExpression;
import fathomexport.cli.process.Environment;
import fathomexport.cli.process.ExitCodes;
import fathomexport.cli.process.GlobalOptions;
import fathomexport.cli.process.LogFormat;
import fathomexport.config.ConfigException;
import fathomexport.config.JsonSchema;
import fathomexport.report.Program;
import fathomexport.run.ExportFailedException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
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
        "  fathom-export init                                  write settings and a pipeline",
        "  fathom-export check nightly                         check everything that a run needs",
        "  fathom-export plan nightly                          what a night would cost",
        "  fathom-export run nightly                           what the scheduler starts",
        "  fathom-export backfill nightly --from 2026-01-01 --to 2026-03-31",
        "  fathom-export status nightly                        what is stored, and how reliable"
            + " it is",
        "  fathom-export help backfill                         show a command and its options",
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
    line.addSubcommand(new InitCommand(context));
    line.addSubcommand(new CheckCommand(context));
    line.addSubcommand(new RunCommand(context));
    line.addSubcommand(new BackfillCommand(context));
    line.addSubcommand(new PlanCommand(context));
    line.addSubcommand(new StatusCommand(context));
    line.addSubcommand(new VerifyCommand(context));
    line.addSubcommand(new ExplainCommand(context));
    line.addSubcommand(new SnapshotCommand(context));
    line.addSubcommand(new SitesCommand(context));
    line.addSubcommand(new ValidateCommand(context));
    line.addSubcommand(new NotifyCommand(context));
    line.addSubcommand(new MigrateCommand(context));
    line.addSubcommand(new DescribeCommand(context));
    more.apply(context).forEach(line::addSubcommand);
    line.addSubcommand(new InfoCommands.ShowVersion(context));
    line.addSubcommand(new InfoCommands.Help(context));
    line.addSubcommand(new InfoCommands.Completion(context));
    line.setUsageHelpWidth(USAGE_WIDTH);
    line.setUsageHelpLongOptionsMaxWidth(LONGEST_OPTION);
    line.registerConverter(DayExpression.class, App::day);
    line.registerConverter(LogFormat.class, App::format);
    line.registerConverter(JsonSchema.class, App::schema);
    line.setParameterExceptionHandler(
        (e, given) -> {
          Notifications.misused(context, e);
          return misused(e, environment);
        });
    line.setOut(new PrintWriter(environment.out(), true, StandardCharsets.UTF_8));
    line.setErr(new PrintWriter(environment.err(), true, StandardCharsets.UTF_8));
    line.setExecutionStrategy(
        parsed -> {
          logging(options);
          String config = options.config == null ? null : options.config.toString();
          Program.Given given = Program.given(config, pipeline(parsed));
          try {
            return new CommandLine.RunLast().execute(parsed);
          } finally {
            given.end();
          }
        });
    line.setExecutionExceptionHandler((e, command, parsed) -> failed(e, environment));
    List<String> own = split < 0 ? arguments : arguments.subList(0, split);
    if (own.isEmpty()) {
      line.usage(environment.out());
      return ExitCodes.USAGE;
    }
    int code;
    try {
      code = line.execute(own.toArray(new String[0]));
    } catch (Error e) {
      // Picocli passes on exceptions only; an error may be a missing system library, for example.
      code = failed(e, environment);
    }
    context.ended(code);
    return code;
  }

  /** Returns the pipeline that the command was given; null if it takes none. */
  private static @Nullable String pipeline(CommandLine.ParseResult parsed) {
    return parsed.hasSubcommand()
        ? parsed.subcommand().commandSpec().args().stream()
            .filter(argument -> argument.paramLabel().equals("PIPELINE"))
            .<Object>map(argument -> argument.getValue())
            .filter(String.class::isInstance)
            .map(String.class::cast)
            .findFirst()
            .orElse(null)
        : null;
  }

  private static DayExpression day(String text) {
    try {
      return DayExpression.parse(text);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(String.valueOf(e.getMessage()));
    }
  }

  private static LogFormat format(String text) {
    return switch (text) {
      case "text" -> LogFormat.TEXT;
      case "json" -> LogFormat.JSON;
      default ->
          throw new TypeConversionException(
              "'" + text + "' is no format of the log; write text or json");
    };
  }

  private static JsonSchema schema(String text) {
    return JsonSchema.named(text)
        .orElseThrow(
            () ->
                new TypeConversionException(
                    "there is no schema of '" + text + "'; write settings or pipeline"));
  }

  private static int misused(ParameterException e, Environment environment) {
    String command =
        Program.command(
            (e.getCommandLine().getCommandSpec().qualifiedName() + " --help")
                .replaceFirst("^fathom-export ", ""));
    environment.err().println("fathom-export: " + e.getMessage());
    if (e instanceof UnmatchedArgumentException unmatched) {
      List<String> suggestions = unmatched.getSuggestions();
      if (!suggestions.isEmpty()) {
        environment.err().println("Did you mean: " + String.join(", or ", suggestions) + "?");
      }
    }
    environment.err().println("More: " + command);
    return ExitCodes.USAGE;
  }

  private static int failed(Throwable e, Environment environment) {
    if (e instanceof ConfigException config) {
      config.problems().forEach(p -> environment.err().println(p.render()));
      return ExitCodes.CONFIGURATION;
    }
    if (e instanceof ExportFailedException failed) {
      environment.err().println("fathom-export: " + failed.getMessage());
      return failed.exitCode();
    }
    LoggerFactory.getLogger(App.class).error("internal error", e);
    environment.err().println("fathom-export: internal error; please report it: " + e);
    return ExitCodes.FAULT;
  }

  private static void logging(GlobalOptions options) {
    for (String name : Arrays.asList("fathomexport")) {
      if (LoggerFactory.getLogger(name) instanceof Logger logger) {
        logger.setLevel(options.verbose ? Level.DEBUG : Level.WARN);
        LogEncoder.setFormat(logger.getLoggerContext(), options.logFormat);
      }
    }
  }
}
