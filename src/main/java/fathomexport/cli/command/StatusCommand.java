package fathomexport.cli.command;

import fathomexport.cli.output.LineWords;
import fathomexport.cli.output.Printer;
import fathomexport.cli.output.RunPrinting;
import fathomexport.cli.output.RunWords;
import fathomexport.cli.output.SinkWords;
import fathomexport.cli.output.StatusPage;
import fathomexport.cli.output.StatusSummary;
import fathomexport.cli.output.StatusWords;
import fathomexport.cli.output.WholeFile;
import fathomexport.cli.process.ExitCodes;
import fathomexport.config.PipelineDefinition;
import fathomexport.config.Settings;
import fathomexport.export.Exporter;
import fathomexport.fetch.limits.ApiLesson;
import fathomexport.inspect.StatusOverview;
import fathomexport.run.RunListener;
import java.io.IOException;
import java.nio.file.Path;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code status}: shows which days are covered and with what evidence. */
@Command(
    name = "status",
    description = {
      "Show which days are stored, and how far they are certified.",
      "",
      "What needs attention comes first. Up to 20 rows, one per report and site, are listed; more are"
          + " summed up per report, and --all lists them. Asks the API nothing, and exits 0 whatever it finds,"
          + " unless --check asks for another exit code."
    },
    footer = {
      "",
      "Examples:",
      "  fathom-export status nightly",
      "  fathom-export status nightly --all                 every row",
      "  fathom-export status nightly --html status.html",
      "  fathom-export status nightly --check --quiet       for a monitor: exit code 65"
    })
public final class StatusCommand implements Callable<Integer> {
  private static final int RUNS = 5;
  private static final int GAPS = 4;

  /** The most rows that are listed one by one: more would not fit on a screen. */
  private static final int LISTED = 20;

  private static final int HINTS = 3;

  private final Context context;

  @Parameters(paramLabel = "PIPELINE", description = CommandOptions.PIPELINE)
  String pipeline = "";

  @Option(names = "--attention", description = "Only the rows that need attention.")
  boolean attention;

  @Option(names = "--all", description = "All rows one by one, however many there are.")
  boolean all;

  @Option(
      names = "--html",
      paramLabel = "FILE",
      description = "Write one page for a browser: calendars, runs, requests.")
  @Nullable Path html;

  @Option(
      names = "--check",
      description =
          "Exit with code 65 if anything needs attention: if a line is marked with !, or if nothing"
              + " is stored at all. A failed run alone does not count until days are late.")
  boolean check;

  @Mixin Selected selected = new Selected();

  @Mixin Rehearsal rehearsal = new Rehearsal();

  public StatusCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    Settings settings = context.settings();
    PipelineDefinition definition = context.pipeline(pipeline, settings);
    Exporter exporter = context.exporter(settings, RunListener.NONE).asOf(rehearsal.now(context));
    StoredCheck others = new StoredCheck(context);
    StatusOverview status =
        exporter.status(
            Context.job(definition).only(selected.selection()),
            others.elsewhere(settings, definition),
            stored -> others.orphans(stored, settings, definition));
    int code = check && StatusWords.needsAttention(status) ? ExitCodes.INCOMPLETE : 0;
    if (StatusWords.needsAttention(status)) {
      context.needsPerson();
    }
    if (html != null) {
      Path file = context.environment().workingDirectory().resolve(html);
      try {
        WholeFile.write(file, StatusPage.of(status), "name another file with --html");
      } catch (IOException e) {
        context.environment().err().println("fathom-export: " + e.getMessage());
        return ExitCodes.STORAGE;
      }
      if (!context.printer().json()) {
        context.printer().line("Written: " + file);
        return code;
      }
    }
    if (context.printer().json()) {
      context.printer().json(status);
    } else {
      print(context.printer(), status);
    }
    return code;
  }

  private void print(Printer printer, StatusOverview status) {
    printer.line(StatusWords.verdict(status));
    List<StatusOverview.Line> shown =
        status.lines().stream()
            .filter(line -> !attention || line.attention())
            .collect(Collectors.toList());
    if (!shown.isEmpty()) {
      printer.line("");
      if (all || attention || shown.size() <= LISTED) {
        table(printer, status, shown);
        details(printer, status, shown);
      } else {
        StatusSummary.print(printer, status, shown);
      }
    }
    boolean listed = all || status.lines().size() <= LISTED;
    hints(printer, listed, "! ", StatusWords.damaged(status));
    hints(printer, listed, "! ", SinkWords.sinks(status));
    hints(printer, listed, "! ", SinkWords.verified(status));
    hints(printer, true, "! ", StatusWords.leftOut(status));
    hints(printer, listed, "! ", status.unstored());
    hints(printer, true, "! ", StatusWords.ahead(status));
    hints(
        printer,
        listed,
        "! ",
        RunWords.failedRuns(status).stream().limit(all ? Integer.MAX_VALUE : RUNS).toList());
    hints(printer, listed, "  ~ ", status.orphans());
    hints(printer, listed, "  ~ ", status.notRenamedYet());
    hints(printer, listed, "  ~ ", RunWords.notEnded(status));
    hints(printer, listed, "  ~ ", RunWords.left(status));
    hints(printer, listed, "  ~ ", StatusWords.newSites(status));
    hints(printer, listed, "  ~ ", RunPrinting.renewals(status.pipeline(), status.renewals()));
    hints(printer, listed, "  ~ ", SinkWords.lost(status));
    hints(printer, listed, "  ~ ", StatusWords.partial(status));
    hints(printer, listed, "  ~ ", StatusWords.outdated(status));
    hints(printer, listed, "  ~ ", status.moved().stream().map(StatusWords::moved).toList());
    hints(
        printer,
        listed,
        "  ~ ",
        status.lookbackFetched().stream()
            .map(
                audit ->
                    "the look-back of "
                        + status.named(audit.site())
                        + " is fetched, not confirmed: rows of "
                        + audit.report()
                        + " of "
                        + audit.period()
                        + " had changed although their totals had not (audit of "
                        + audit.at().truncatedTo(ChronoUnit.SECONDS)
                        + ")")
            .toList());
    StatusOverview.Usage usage = status.usage();
    printer.line("");
    printer.line(
        "Requests  "
            + Printer.number(usage.requestsToday())
            + " today, "
            + Printer.number(usage.requestsThisMonth())
            + " this month (UTC), each billed as a pageview; the quota is "
            + RunWords.quota(usage));
    if (!RunWords.byAccount(usage).isEmpty()) {
      printer.line("          " + RunWords.byAccount(usage));
    }
    if (usage.limitedThisMonth() != null && usage.limitedThisMonth() > 0) {
      printer.line(
          "          "
              + Printer.number(usage.limitedThisMonth())
              + " of them were answered with 429: another program uses this quota");
    }
    printer.line("Good run  " + RunWords.lastGoodRun(status));
    if (!status.learned().isEmpty()) {
      printer.line("API       " + ApiLesson.summary(status.learned()));
    }
    if (!RunWords.escapes(status).isEmpty()) {
      printer.line("Escapes   " + RunWords.escapes(status));
    }
    if (!RunWords.snapshots(status).isEmpty()) {
      printer.line("Snapshots " + RunWords.snapshots(status));
    }
    if (!status.runs().isEmpty()) {
      printer.line("");
      runs(printer, status);
    }
  }

  /** Prints hints of one kind: all of them, or the first few and how many are left. */
  private static void hints(Printer printer, boolean all, String mark, List<String> hints) {
    int shown = all || hints.size() <= HINTS ? hints.size() : HINTS;
    hints.subList(0, shown).forEach(hint -> printer.line(mark + hint));
    if (shown < hints.size()) {
      printer.line(mark + "and " + (hints.size() - shown) + " more like this: see --all");
    }
  }

  private static void table(
      Printer printer, StatusOverview status, List<StatusOverview.Line> lines) {
    List<List<String>> rows = new ArrayList<>();
    for (StatusOverview.Line line : lines) {
      rows.add(
          List.of(
              line.report(),
              StatusSummary.slice(status, line),
              line.first() == null ? "-" : line.first().toString(),
              line.freshTo() == null ? "-" : line.freshTo().toString(),
              Printer.number(line.certified()),
              Printer.number(line.uncertified()),
              Printer.number(line.restated()),
              Printer.number(line.rows()),
              LineWords.state(line)));
    }
    printer.table(
        List.of(
            "report",
            "site",
            "from",
            "fresh to",
            "certified",
            "uncertified",
            "restated",
            "rows",
            "state"),
        rows);
  }

  /** Prints what rows lack and why. Rows that lack the same share a line, unless all are asked. */
  private void details(Printer printer, StatusOverview status, List<StatusOverview.Line> lines) {
    Map<String, List<StatusOverview.Line>> alike = new LinkedHashMap<>();
    for (StatusOverview.Line line : lines) {
      List<StatusOverview.Gap> gaps = line.gaps();
      String own = all ? line.report() + " " + StatusSummary.slice(status, line) + " " : "";
      if (!gaps.isEmpty()) {
        alike
            .computeIfAbsent(
                own
                    + "missing: "
                    + gaps.stream()
                        .limit(GAPS)
                        .map(StatusOverview.Gap::toString)
                        .collect(Collectors.joining(", "))
                    + (gaps.size() > GAPS ? ", and " + (gaps.size() - GAPS) + " more" : ""),
                words -> new ArrayList<>())
            .add(line);
      }
      if (line.problem() != null) {
        alike.computeIfAbsent(own + line.problem(), words -> new ArrayList<>()).add(line);
      }
    }
    alike.forEach(
        (words, rows) ->
            printer.line("! " + (all ? "" : StatusSummary.rows(status, rows) + " ") + words));
  }

  private static void runs(Printer printer, StatusOverview status) {
    printer.table(
        List.of("started", "pipeline", "command", "exit", "took", "windows", "rows", "requests"),
        status.runs().stream()
            .limit(RUNS)
            .map(
                r ->
                    List.of(
                        r.startedAt().truncatedTo(ChronoUnit.SECONDS).toString(),
                        r.pipeline(),
                        r.command(),
                        r.exitCode() == null
                            ? RunWords.isKilled(r) ? "killed" : "-"
                            : r.exitCode().toString(),
                        r.took() == null ? "-" : Printer.time(r.took()),
                        r.windowsCommitted() + "/" + r.windowsPlanned(),
                        Printer.number(r.rows()),
                        Printer.number(r.requests())))
            .toList());
  }
}
