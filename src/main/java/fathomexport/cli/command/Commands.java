package fathomexport.cli.command;

import fathomexport.cli.output.Printer;
import fathomexport.cli.output.RunPrinting;
import fathomexport.cli.process.DayExpression;
import fathomexport.cli.process.ExitCodes;
import fathomexport.config.JsonSchema;
import fathomexport.config.Loaded;
import fathomexport.config.PipelineDefinition;
import fathomexport.config.Problem;
import fathomexport.config.Settings;
import fathomexport.fetch.Accounts;
import fathomexport.report.DayRange;
import fathomexport.report.Site;
import fathomexport.run.Budget;
import fathomexport.run.FailureKind;
import fathomexport.run.Patience;
import fathomexport.run.RunListener;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The commands that depend only on the configuration. Each returns its exit code. */
public final class Commands {
  static final String PIPELINE = "Name of a file in pipelines/ without .yaml, or a path.";

  /** The API has no complete data before this day. */
  private static final LocalDate ACCURATE_FROM = LocalDate.of(2021, 3, 1);

  private Commands() {}

  /** The option that makes a run wait where it would otherwise end. */
  static final class Waiting {
    @Option(
        names = "--wait",
        description =
            "Sit out every wait, however long: one that the API asks for, a quota that is used up,"
                + " and an API that is down. Without it, waits of more than 15 minutes, and an API"
                + " that is down for longer than the settings' patience, end with exit code 75.")
    boolean wait;

    Patience patience() {
      return wait ? Patience.ENDLESS : Patience.LIMITED;
    }
  }

  /** The options that end an export early: the next one resumes where it ended. */
  static final class Limits {
    @Option(
        names = "--max-requests",
        paramLabel = "N",
        description =
            "Stop before the request after these, retries included; exit code 75. With several"
                + " accounts, each may send as many.")
    @Nullable Long maxRequests;

    @Option(
        names = "--max-minutes",
        paramLabel = "N",
        description = "Begin no window after so many minutes; exit code 75.")
    @Nullable Long maxMinutes;

    /**
     * Returns the budget of the run.
     *
     * @throws ParameterException if a limit leaves room for nothing
     */
    Budget budget(CommandSpec command) {
      if ((maxRequests != null && maxRequests < 1) || (maxMinutes != null && maxMinutes < 1)) {
        throw new ParameterException(
            command.commandLine(), "--max-requests and --max-minutes must be 1 or more");
      }
      return new Budget(maxRequests, maxMinutes == null ? null : Duration.ofMinutes(maxMinutes));
    }
  }

  /** The options for a range of days, both ends included. */
  static final class Range {
    @Option(
        names = "--from",
        required = true,
        paramLabel = "DAY",
        description =
            "First day: a date as 2026-03-31, yesterday, -7d, a week as 2026-W10, or a month as"
                + " 2026-03. Of a week or month it is the first day.")
    @Nullable DayExpression from;

    @Option(
        names = "--to",
        required = true,
        paramLabel = "DAY",
        description = "Last day, included, in the same forms. Of a week or month it is the last.")
    @Nullable DayExpression to;

    /**
     * Returns the days that are meant on this day.
     *
     * @throws ParameterException if the end lies before the beginning
     */
    DayRange days(CommandSpec spec, LocalDate today) {
      if (from == null || to == null) {
        throw new ParameterException(spec.commandLine(), "--from and --to belong together");
      }
      LocalDate first = from.first(today);
      LocalDate last = to.last(today);
      if (last.isBefore(first)) {
        throw new ParameterException(
            spec.commandLine(),
            "--to " + shown(to, last) + " lies before --from " + shown(from, first));
      }
      return new DayRange(first, last);
    }

    private static String shown(DayExpression written, LocalDate meant) {
      return written.toString().equals(meant.toString())
          ? "" + meant
          : written + ", " + meant + ",";
    }
  }

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
  public static final class Run implements Callable<Integer> {
    private final Context context;

    @Parameters(paramLabel = "PIPELINE", description = PIPELINE)
    String pipeline = "";

    @Option(names = "--force", description = "Export the look-back again, though it was today.")
    boolean force;

    @Mixin Selected selected = new Selected();

    @Mixin Limits limits = new Limits();

    @Mixin Waiting waiting = new Waiting();

    @Mixin Launch.Metrics metrics = new Launch.Metrics();

    @Spec @Nullable CommandSpec spec;

    public Run(Context context) {
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

  @Command(
      name = "backfill",
      description = {
        "Export a range of days.",
        "",
        "Requests what is not complete yet, newest first, and resumes where it was stopped. The"
            + " range is widened to the whole months or years of reports that are grouped so."
      },
      footer = {
        "",
        "Examples:",
        "  fathom-export backfill nightly --from 2026-01-01 --to 2026-03-31",
        "  fathom-export backfill nightly --from 2026-01 --to yesterday --site CDBUGS"
      })
  public static final class Backfill implements Callable<Integer> {
    private final Context context;

    @Parameters(paramLabel = "PIPELINE", description = PIPELINE)
    String pipeline = "";

    @ArgGroup(exclusive = false, multiplicity = "1")
    Range range = new Range();

    @Option(names = "--force", description = "Export again what is complete.")
    boolean force;

    @Option(names = "--newest-first", description = "Begin with the newest windows (the default).")
    boolean newestFirst;

    @Option(names = "--oldest-first", description = "Begin with the oldest windows.")
    boolean oldestFirst;

    @Mixin Selected selected = new Selected();

    @Mixin Limits limits = new Limits();

    @Mixin Waiting waiting = new Waiting();

    @Mixin Launch.Metrics metrics = new Launch.Metrics();

    @Spec @Nullable CommandSpec spec;

    public Backfill(Context context) {
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
      Budget budget = limits.budget(command);
      String warning =
          days.first().isBefore(ACCURATE_FROM)
              ? "the API is only accurate on data from March 2021 on: before, browser, country,"
                  + " pathname etc. were not tied together"
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
                  !oldestFirst,
                  budget,
                  waiting.patience(),
                  context.options().beamArguments),
          RunPrinting::print);
    }
  }

  @Command(
      name = "sites",
      description = {"List the sites that the token may read, with their zones."},
      footer = {"", "Example: fathom-export sites --json"})
  public static final class Sites implements Callable<Integer> {
    private final Context context;

    public Sites(Context context) {
      this.context = context;
    }

    @Override
    public Integer call() {
      Accounts.Sites found =
          context.exporter(context.settings(), RunListener.NONE).impatient().sites();
      List<Site> sites = found.sites();
      boolean accounts = sites.stream().anyMatch(s -> s.accountOrNull() != null);
      Printer printer = context.printer();
      if (printer.json()) {
        printer.json(
            sites.stream()
                .map(
                    s -> {
                      Map<String, @Nullable String> site = new LinkedHashMap<>();
                      site.put("id", s.id().value());
                      site.put("name", s.name());
                      site.put("timezone", s.zone() == null ? null : s.zone().getId());
                      if (accounts) {
                        site.put("account", s.account());
                      }
                      return site;
                    })
                .toList());
      } else {
        printer.table(
            accounts
                ? List.of("id", "name", "timezone", "account")
                : List.of("id", "name", "timezone"),
            sites.stream().map(s -> row(s, accounts)).toList());
      }
      found.lost().forEach(l -> context.warn(l.window() + ": " + l.message()));
      return found.lost().stream()
          .flatMap(l -> Stream.ofNullable(l.failure()))
          .min(Comparator.naturalOrder())
          .map(FailureKind::exitCode)
          .orElse(0);
    }

    private static List<String> row(Site site, boolean accounts) {
      List<String> row =
          new ArrayList<>(
              List.of(
                  site.id().value(),
                  site.name(),
                  site.zone() == null ? "unknown" : site.zone().getId()));
      if (accounts) {
        row.add(site.account());
      }
      return row;
    }
  }

  @Command(
      name = "validate",
      description = {
        "Check the settings and pipelines.",
        "",
        "Tells every problem at once, with file, line, key and what is allowed there. Asks the API"
            + " nothing. A secret that is not there is a warning: settings may be checked where"
            + " there are none.",
        "",
        "Also compares the reports with what is stored: another grain, or an aggregate that is no"
            + " longer asked for, is refused, and a stored report that no pipeline defines is"
            + " named. A database that does not answer is a warning.",
        "",
        "With --schema it prints the JSON Schema by which editors complete and check a file, and"
            + " checks nothing itself."
      },
      footer = {"", "Example: fathom-export validate"})
  public static final class Validate implements Callable<Integer> {
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

    public Validate(Context context) {
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
      List<String> names = pipelines.isEmpty() ? context.loader().pipelineNames() : pipelines;
      List<String> warnings =
          new ArrayList<>(settings.value().map(context::absentSecrets).orElse(List.of()));
      names.forEach(name -> warnings.addAll(Notifications.missing(context, name)));
      warnings.forEach(context::warn);
      List<Problem> problems = new ArrayList<>(settings.problems());
      StoredCheck stored = new StoredCheck(context);
      for (String name : names) {
        Loaded<PipelineDefinition> pipeline =
            settings
                .value()
                .map(s -> context.loader().pipeline(name, s))
                .orElseGet(() -> context.loader().pipeline(name));
        problems.addAll(pipeline.problems());
        if (warnings.isEmpty()) {
          settings
              .value()
              .flatMap(s -> pipeline.value().map(p -> stored.problems(s, p)))
              .ifPresent(problems::addAll);
        }
      }
      stored.notes().forEach(context::warn);
      List<String> all = Stream.concat(warnings.stream(), stored.notes().stream()).toList();
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
  }

  private static String described(Settings.Lineage lineage) {
    String where =
        lineage.target() instanceof Settings.LineageTarget.Server server
            ? server.url().toString()
            : ((Settings.LineageTarget.Lines) lineage.target()).path();
    return "Lineage of runs: to " + where + ", as jobs of " + lineage.namespace();
  }

  @Command(
      name = "migrate",
      description = {
        "Create and extend the tables that a pipeline needs. A run does it by itself."
      },
      footer = {"", "Example: fathom-export migrate nightly"})
  public static final class Migrate implements Callable<Integer> {
    private final Context context;

    @Parameters(paramLabel = "PIPELINE", description = PIPELINE)
    String pipeline = "";

    public Migrate(Context context) {
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
}
