package fathomexport.cli.command;

import fathomexport.cli.output.Printer;
import fathomexport.cli.output.RunWords;
import fathomexport.cli.output.StatusWords;
import fathomexport.cli.process.DayExpression;
import fathomexport.config.Loaded;
import fathomexport.config.PipelineDefinition;
import fathomexport.config.Settings;
import fathomexport.fetch.limits.ApiLesson;
import fathomexport.inspect.Explanation;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.run.RunListener;
import java.time.Instant;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "explain",
    description = {"Explain how the numbers of one report, site and day were obtained."},
    footer = {"", "Example: fathom-export explain pages_daily CDBUGS 2026-03-31"})
public final class ExplainCommand implements Callable<Integer> {
  private final Context context;

  @Parameters(index = "0", paramLabel = "REPORT", description = "Name of a report.")
  String report = "";

  @Parameters(index = "1", paramLabel = "SITE", description = "Id of a site.")
  String site = "";

  @Parameters(
      index = "2",
      paramLabel = "DATE",
      description = "A day: a date as 2026-03-31, yesterday, or -7d.")
  @Nullable DayExpression day;

  @Option(
      names = "--pipeline",
      paramLabel = "PIPELINE",
      description = "Which pipeline's report, when several have one of this name.")
  @Nullable String pipeline;

  @Spec @Nullable CommandSpec spec;

  public ExplainCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    Settings settings = context.settings();
    PipelineDefinition definition = definition(settings);
    Report found = find(definition).orElseThrow();
    Explanation explanation =
        context
            .exporter(settings, RunListener.NONE)
            .explain(Context.job(definition), found, siteId(), date());
    print(context.printer(), explanation);
    return 0;
  }

  private SiteId siteId() {
    try {
      return new SiteId(site);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(
          Objects.requireNonNull(spec).commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  private LocalDate date() {
    try {
      return Objects.requireNonNull(day).day(context.today());
    } catch (IllegalArgumentException e) {
      throw new ParameterException(
          Objects.requireNonNull(spec).commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  private Optional<Report> find(PipelineDefinition definition) {
    return definition.reports().stream().filter(r -> r.name().equals(report)).findFirst();
  }

  private PipelineDefinition definition(Settings settings) {
    List<String> names = pipeline == null ? context.loader().pipelineNames() : List.of(pipeline);
    List<PipelineDefinition> having = new ArrayList<>();
    List<String> known = new ArrayList<>();
    for (String name : names) {
      Loaded<PipelineDefinition> loaded = context.loader().pipeline(name, settings);
      PipelineDefinition definition =
          pipeline == null ? loaded.value().orElse(null) : loaded.orThrow();
      if (definition != null) {
        definition.reports().forEach(r -> known.add(r.name()));
        if (find(definition).isPresent()) {
          having.add(definition);
        }
      }
    }
    if (having.size() == 1) {
      return having.get(0);
    }
    throw new ParameterException(
        Objects.requireNonNull(spec).commandLine(),
        having.isEmpty()
            ? "no pipeline has a report '" + report + "'; there are: " + String.join(", ", known)
            : "several pipelines have a report '"
                + report
                + "': say which with --pipeline "
                + String.join(" or ", having.stream().map(PipelineDefinition::name).toList()));
  }

  private static void print(Printer printer, Explanation explanation) {
    if (printer.json()) {
      printer.json(explanation);
      return;
    }
    printer.line(explanation.report() + " " + explanation.site() + " " + explanation.day());
    if (explanation.parts().isEmpty()) {
      notStored(printer, explanation);
    }
    explanation.parts().forEach(part -> print(printer, part));
    if (!explanation.learned().isEmpty()) {
      printer.line("");
      printer.line("  API: " + ApiLesson.summary(explanation.learned()));
    }
  }

  private static void notStored(Printer printer, Explanation explanation) {
    Explanation.Outlived outlived = explanation.outlived();
    printer.line(
        outlived == null
            ? "  never measured: no window that was committed covers this day"
            : "  not stored: days before "
                + outlived.keptFrom()
                + " are older than the pipeline keeps (keep: "
                + outlived.keep()
                + "). Runs remove them, and none fetches them");
    if (explanation.measuredFrom() != null) {
      printer.line(
          "  of this site days from "
              + explanation.measuredFrom()
              + " to "
              + explanation.measuredTo()
              + " are stored");
    } else if (!explanation.sites().isEmpty()) {
      printer.line(
          "  nothing of this site is stored; of the report these sites are: "
              + String.join(", ", explanation.sites()));
    }
  }

  /** Returns whether the line on the number of rows adds nothing to those on the measures. */
  private static boolean isSaidByOthers(
      Explanation.ChangedNumber change, List<Explanation.ChangedNumber> changes) {
    return change.measure().equals("rows")
        && Objects.equals(change.before(), change.after())
        && changes.stream().anyMatch(c -> !c.equals(change) && c.at().equals(change.at()));
  }

  private static void print(Printer printer, Explanation.Part part) {
    printer.line("");
    printer.line(
        "  in "
            + part.sink()
            + (part.event() == null ? "" : ", event " + part.event())
            + (part.period().equals(part.coversTo())
                ? ""
                : ", " + part.period() + " .. " + part.coversTo()));
    Lines lines = new Lines(printer);
    if (part.status() == null) {
      lines.add("status", "nothing is stored");
    } else {
      stored(lines, part);
    }
    for (Explanation.ChangedNumber change : part.changes()) {
      if (isSaidByOthers(change, part.changes())) {
        continue;
      }
      lines.add(
          "replaced",
          change.measure()
              + " "
              + value(change.before())
              + " by "
              + value(change.after())
              + difference(change.before(), change.after())
              + ", "
              + second(change.at())
              + ", run "
              + change.runId()
              + StatusWords.because(change.reason()));
    }
    Explanation.Failed failed = part.attempt();
    if (failed != null) {
      lines.add(
          "failed",
          second(failed.at())
              + ", run "
              + failed.runId()
              + ": "
              + failed.reason()
              + (part.stored() ? "; what is stored was left as it was" : "; nothing was stored"));
    }
    part.quarantined().forEach(row -> lines.add("row", row));
  }

  private static void stored(Lines lines, Explanation.Part part) {
    lines.add(
        "status",
        part.status()
            + (part.stored() ? "" : ", not stored")
            + (part.reason() == null ? "" : ": " + part.reason()));
    lines.add(
        "rows",
        Printer.number(part.rows()) + (part.rows() == 0 ? " (measured: there was nothing)" : ""));
    for (Map.Entry<String, Explanation.Measure> m : part.measures().entrySet()) {
      long sum = m.getValue().sum();
      Long control = m.getValue().control();
      lines.add(
          m.getKey(),
          "sum of the rows "
              + Printer.number(sum)
              + (control == null
                  ? "; no control total"
                  : "; control total "
                      + Printer.number(control)
                      + (control == sum
                          ? ", equal"
                          : ", off by " + String.format(Locale.ROOT, "%+,d", sum - control))));
    }
    lines.add("fetched", part.fetchedAt() == null ? "?" : second(part.fetchedAt()));
    if (part.confirmedAt() != null) {
      lines.add(
          "unchanged",
          "confirmed at "
              + second(part.confirmedAt())
              + " against the control of run "
              + part.confirmedRun());
    }
    lines.add("zone", part.zone() == null ? "unknown (the API does not report it)" : part.zone());
    if (part.account() != null) {
      lines.add("account", part.account());
    }
    lines.add("run", part.runId() + ", window " + part.windowId());
    if (part.escapedCells() > 0) {
      lines.add("escapes", RunWords.escapes(part.escapedCells()));
    }
    lines.add(
        "requests",
        part.requests()
            + " for the window, "
            + (part.controlRequests() == 0
                ? "0 for its control"
                : part.controlRequests() + " for its control"));
    lines.add(
        "splits",
        part.splits() == 0 ? "none, no day reached the row limit" : part.splits() + " by filters");
    if (!part.current()) {
      lines.add("stale", "the report's definition has changed since");
    }
  }

  /** Prints labelled lines. */
  private record Lines(Printer printer) {
    void add(String name, String text) {
      printer.line("    " + String.format("%-12s", name) + text);
    }
  }

  private static String second(Instant at) {
    return at.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  private static String value(@Nullable Double value) {
    return value == null ? "unknown" : Printer.number(Math.round(value));
  }

  private static String difference(@Nullable Double before, @Nullable Double after) {
    return before == null || after == null
        ? ""
        : " (" + String.format(Locale.ROOT, "%+,d", Math.round(after - before)) + ")";
  }
}
