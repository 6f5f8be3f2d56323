package fathomexport.demo;

import fathomexport.cli.App;
import fathomexport.cli.command.Context;
import fathomexport.cli.output.Printer;
import fathomexport.cli.process.Environment;
import fathomexport.config.JsonSchema;
import fathomexport.simulator.FathomSimulator;
import fathomexport.simulator.SimulatorOptions;
import fathomexport.simulator.behaviour.Quota;
import fathomexport.simulator.behaviour.SimulatorToken;
import fathomexport.simulator.world.SimulatedSite;
import fathomexport.simulator.world.World;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
    name = "demo",
    description = {
      "Try it without an account.",
      "",
      "Exports a month of a simulated account into a PostgreSQL that the demo starts, and into"
          + " Parquet files, and shows the result. The files of an earlier demo in the directory"
          + " are replaced."
    },
    footer = {"", "Examples:", "  fathom-export demo --keep", "  fathom-export demo --dashboard"})
final class Demo implements Callable<Integer> {
  private static final int STORAGE = 74;
  private static final int STEPS = 3;

  /**
   * Quota in the demo's configuration: with Fathom's own quota the demo would take eleven minutes.
   */
  private static final int REQUESTS_PER_MINUTE = 1_000;

  private static final String PIPELINE = "nightly";
  private static final String CONFIG = "conf/fathom-export.yaml";
  private static final String TOKEN = "conf/token";
  static final String DASHBOARD = "dashboard.html";

  private final Context context;

  @Option(
      names = "--dir",
      paramLabel = "DIRECTORY",
      description =
          "The directory for all files of the demo: a new or empty one, or that of an earlier demo."
              + " Default: ${DEFAULT-VALUE}.")
  Path directory = Path.of("fathom-demo");

  @Option(
      names = "--keep",
      description = "Leave the simulated API and the database running until stopped (Ctrl-C).")
  boolean keep;

  @Option(
      names = "--dashboard",
      description =
          "Also write a page with the numbers, dashboard.html in the demo's directory, to open in a"
              + " browser.")
  boolean dashboard;

  @Spec @Nullable CommandSpec spec;

  Demo(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() throws InterruptedException {
    Path wanted = context.environment().workingDirectory().resolve(directory);
    try (DemoDirectory files = DemoDirectory.take(wanted)) {
      return in(files);
    } catch (DemoDirectory.NotUsableException e) {
      throw new ParameterException(
          Objects.requireNonNull(spec).commandLine(), String.valueOf(e.getMessage()), e);
    } catch (IOException | SQLException e) {
      context.environment().err().println("fathom-export: " + e.getMessage());
      return STORAGE;
    }
  }

  private int in(DemoDirectory files) throws IOException, SQLException, InterruptedException {
    LocalDate last = lastFinishedDay(context.environment().clock().instant());
    LocalDate first = last.minusMonths(1).plusDays(1);
    CountDownLatch stopped = new CountDownLatch(1);
    context.environment().shutdown().onRequest(stopped::countDown);

    say("One month of twelve simulated sites, " + first + " to " + last + ".");
    say("");
    step(1, "Starting a simulated Fathom API and a PostgreSQL in " + files.root());
    DemoPostgres.stopLeftover(files.postgres());
    files.clear();
    try (FathomSimulator simulator = options(first, last).start();
        DemoPostgres postgres = DemoPostgres.start(files.postgres())) {
      configure(files, simulator, postgres);

      String command = again("backfill " + PIPELINE) + " --from " + first + " --to " + last;
      step(2, command);
      say(
          "      (Fathom itself grants 10 requests per minute; the simulated API does not limit"
              + " them.)");
      int exitCode =
          run(
              files,
              List.of("backfill", PIPELINE, "--from", first.toString(), "--to", last.toString()));
      if (exitCode == 0 && dashboard) {
        exitCode = run(files, List.of("describe", "--format", "dashboard", "--out", DASHBOARD));
      }
      if (exitCode != 0) {
        return exitCode;
      }
      step(STEPS, "What was exported");
      try (Connection connection = postgres.connect()) {
        show(connection, files, simulator, postgres);
      }
      if (keep && stopped.getCount() > 0) {
        say("");
        say("The simulated API and the database are running. Stop them with Ctrl-C.");
        context.environment().out().flush();
        stopped.await();
      }
      return 0;
    }
  }

  /**
   * Returns the last day that is over in the time zones of all sites, so that all have the same
   * days.
   */
  private static LocalDate lastFinishedDay(Instant now) {
    LocalDate any = LocalDate.EPOCH;
    return World.dozen(0, any, any, 0).sites().stream()
        .map(SimulatedSite::zone)
        .map(zone -> LocalDate.ofInstant(now, zone).minusDays(1))
        .min(LocalDate::compareTo)
        .orElseThrow();
  }

  /**
   * Returns a simulated account in which no site has a day above the row limit, because the demo
   * shows the normal case.
   */
  private static SimulatorOptions options(LocalDate first, LocalDate last) {
    return new SimulatorOptions(
        0, 1, first, last, 0, SimulatorToken.STANDARD.secret(), 1, Quota.none());
  }

  private static void configure(
      DemoDirectory files, FathomSimulator simulator, DemoPostgres postgres) throws IOException {
    Path token = files.writeSecret(TOKEN, SimulatorToken.STANDARD.secret() + "\n");
    files.write(
        CONFIG,
        """
        # yaml-language-server: $schema=%s
        # Written by `fathom-export demo`; the next demo overwrites it.
        api:
          base_url: %s
          token: {file: %s}
          requests_per_minute: %d   # the simulated API does not limit them; Fathom grants 10
        postgres:
          url: %s
          user: %s
        parquet:
          root: %s
        """
            .formatted(
                JsonSchema.SETTINGS.fileName(),
                simulator.baseUri(),
                quoted(token),
                REQUESTS_PER_MINUTE,
                postgres.url(),
                DemoPostgres.USER,
                quoted(files.warehouse())));
    for (JsonSchema schema : JsonSchema.values()) {
      files.write("conf/" + schema.fileName(), schema.json());
    }
    files.writePipeline(PIPELINE);
  }

  private static String quoted(Path path) {
    return "'" + path.toString().replace("'", "''") + "'";
  }

  /** Runs the command as a user would enter it in the demo's directory. */
  private int run(DemoDirectory files, List<String> command) {
    Environment own = context.environment();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream log = new ByteArrayOutputStream();
    int exitCode;
    try (PrintStream results = new PrintStream(out, false, StandardCharsets.UTF_8);
        PrintStream lines = new PrintStream(log, false, StandardCharsets.UTF_8)) {
      exitCode =
          App.run(
              command,
              new Environment(
                  own.variables(),
                  files.root(),
                  results,
                  // A terminal shows the progress bar; otherwise the log of windows is shown only
                  // after an error.
                  own.terminal() ? own.err() : lines,
                  own.clock(),
                  own.terminal(),
                  own.shutdown()),
              DemoCommands::all);
    }
    if (exitCode != 0) {
      own.err().print(log.toString(StandardCharsets.UTF_8));
    }
    for (String line : out.toString(StandardCharsets.UTF_8).lines().toList()) {
      say("      " + line);
    }
    return exitCode;
  }

  private void show(
      Connection connection, DemoDirectory files, FathomSimulator simulator, DemoPostgres postgres)
      throws SQLException, IOException {
    Question.Answer traffic = Question.TRAFFIC.ask(connection);
    Question.Answer certainty = Question.CERTAINTY.ask(connection);
    DemoDirectory.Size parquet = files.parquet();
    if (context.printer().json()) {
      Map<String, Object> result = new LinkedHashMap<>();
      result.put("directory", files.root().toString());
      result.put("api", simulator.baseUri().toString());
      result.put("postgres", postgres.url());
      result.put("user", DemoPostgres.USER);
      if (dashboard) {
        result.put("dashboard", files.root().resolve(DASHBOARD).toString());
      }
      result.put("parquet_files", parquet.count());
      result.put("parquet_bytes", parquet.bytes());
      result.put("tables", records(certainty));
      result.put("traffic", records(traffic));
      context.printer().json(result);
      return;
    }
    table(Question.CERTAINTY, certainty);
    say("");
    say(Question.TRAFFIC.title());
    sql(Question.TRAFFIC);
    say("  " + Sparkline.of(traffic.rows().stream().map(r -> Long.parseLong(r.get(1))).toList()));
    say("");
    for (Question question : Question.ALL) {
      table(question, question.ask(connection));
      say("");
    }
    say("Where to find it");
    say("  PostgreSQL   " + postgres.psql());
    say(
        "  Parquet      "
            + parquet.count()
            + " files, "
            + Printer.number(parquet.bytes() / 1024)
            + " KiB, in "
            + files.warehouse());
    if (dashboard) {
      say("  dashboard    " + files.root().resolve(DASHBOARD) + "  (open it in a browser)");
    }
    say("  pipeline     " + files.root().resolve("pipelines").resolve(PIPELINE + ".yaml"));
    say("  settings     " + files.root().resolve(CONFIG));
    if (keep) {
      say(
          "  API          "
              + simulator.baseUri()
              + "  (token: "
              + SimulatorToken.STANDARD.secret()
              + ")");
      say("");
      say("In another terminal, in " + files.root() + ":");
      say("  " + again("status " + PIPELINE) + "     what is stored, and how reliable it is");
      say("  " + again("run " + PIPELINE) + "        a second run: nothing is fetched twice");
    } else {
      say("");
      say("The database stops with the demo; `" + again("demo --keep") + "` leaves it running.");
    }
  }

  /** Returns a command as it is typed in the directory of the demo. */
  private String again(String arguments) {
    return context.environment().commandElsewhere(arguments);
  }

  private static List<Map<String, String>> records(Question.Answer answer) {
    List<Map<String, String>> records = new ArrayList<>();
    for (List<String> row : answer.rows()) {
      Map<String, String> fields = new LinkedHashMap<>();
      for (int i = 0; i < row.size(); i++) {
        fields.put(answer.header().get(i), row.get(i));
      }
      records.add(fields);
    }
    return records;
  }

  private void table(Question question, Question.Answer answer) {
    say(question.title());
    sql(question);
    context.printer().table(answer.header(), answer.rows());
  }

  private void sql(Question question) {
    question.sql().lines().forEach(line -> say("  > " + line));
  }

  private void step(int number, String what) {
    say("[" + number + "/" + STEPS + "] " + what);
  }

  /** Prints a line for people; with {@code --json} only the result is printed. */
  private void say(String line) {
    if (!context.printer().json()) {
      context.printer().line(line);
    }
  }
}
