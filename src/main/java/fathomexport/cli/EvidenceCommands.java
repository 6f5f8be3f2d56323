package fathomexport.cli;

import fathomexport.config.Loaded;
import fathomexport.config.PipelineDefinition;
import fathomexport.config.Settings;
import fathomexport.pipeline.Explanation;
import fathomexport.pipeline.RunListener;
import fathomexport.pipeline.Verification;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The commands that show why a number can be trusted. */
final class EvidenceCommands {
  private static final int DISAGREES = 65;
  private static final int TRY_LATER = 75;

  private EvidenceCommands() {}

  @Command(
      name = "verify",
      description = {
        "Compare what is stored with control totals that are asked again.",
        "",
        "Exports nothing. One request a site and kind of control; exit code 65 when anything"
            + " differs."
      },
      footer = {"", "Example: fathom-export verify nightly --from 2026-01-01 --to 2026-03-31"})
  static final class Verify implements Callable<Integer> {
    private final Context context;

    @Parameters(
        paramLabel = "PIPELINE",
        description = "Name of a file in pipelines/ without .yaml, or a path.")
    String pipeline = "";

    @ArgGroup(exclusive = false, multiplicity = "1")
    Commands.Range range = new Commands.Range();

    @Spec @Nullable CommandSpec spec;

    Verify(Context context) {
      this.context = context;
    }

    @Override
    public Integer call() {
      Settings settings = context.settings();
      PipelineDefinition definition = context.pipeline(pipeline, settings);
      Verification verified =
          context
              .exporter(settings, RunListener.NONE)
              .verify(Context.job(definition), range.days(Objects.requireNonNull(spec)));
      print(context.printer(), verified);
      if (!verified.differences().isEmpty()) {
        return DISAGREES;
      }
      return verified.failures().isEmpty() ? 0 : TRY_LATER;
    }

    private static void print(Printer printer, Verification verified) {
      if (printer.json()) {
        printer.json(verified);
        return;
      }
      if (!verified.differences().isEmpty()) {
        printer.table(
            List.of("report", "site", "day", "in", "measure", "stored", "expected", "difference"),
            verified.differences().stream().map(Verify::row).toList());
        printer.line("");
      }
      printer.line(
          Printer.number(verified.periods())
              + " periods compared with "
              + Printer.number(verified.requests())
              + " requests: "
              + (verified.agrees()
                  ? "all agree."
                  : Printer.number(verified.differences().size()) + " differences."));
      verified.failures().forEach(f -> printer.line("! not verified: " + f));
    }

    private static List<String> row(Verification.Difference d) {
      Long stored = d.stored();
      return List.of(
          d.report(),
          d.event() == null ? d.site() : d.site() + " / " + d.event(),
          d.period().toString(),
          d.sink(),
          d.measure(),
          stored == null ? "nothing" : Printer.number(stored),
          Printer.number(d.expected()),
          stored == null ? "missing" : String.format("%+,d", d.expected() - stored));
    }
  }

  @Command(
      name = "explain",
      description = {"Tell how the numbers of one report, site and day came to be."},
      footer = {"", "Example: fathom-export explain pages_daily CDBUGS 2026-03-31"})
  static final class Explain implements Callable<Integer> {
    private final Context context;

    @Parameters(index = "0", paramLabel = "REPORT", description = "Name of a report.")
    String report = "";

    @Parameters(index = "1", paramLabel = "SITE", description = "Id of a site.")
    String site = "";

    @Parameters(index = "2", paramLabel = "DATE", description = "A day, YYYY-MM-DD.")
    @Nullable LocalDate day;

    @Option(
        names = "--pipeline",
        paramLabel = "PIPELINE",
        description = "Which pipeline's report, when several have one of this name.")
    @Nullable String pipeline;

    @Spec @Nullable CommandSpec spec;

    Explain(Context context) {
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
              .explain(Context.job(definition), found, siteId(), Objects.requireNonNull(day));
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
        printer.line("  never measured: no window that was committed covers this day");
      }
      for (Explanation.Part part : explanation.parts()) {
        print(printer, part);
      }
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
      if (part.status() == null) {
        printer.line("    status    nothing is stored");
      } else {
        printer.line(
            "    status    "
                + part.status()
                + (part.stored() ? "" : ", not stored")
                + (part.reason() == null ? "" : ": " + part.reason()));
        printer.line(
            "    rows      "
                + Printer.number(part.rows())
                + (part.rows() == 0 ? " (measured: there was nothing)" : ""));
        for (Map.Entry<String, Explanation.Measure> m : part.measures().entrySet()) {
          Long control = m.getValue().control();
          printer.line(
              "    "
                  + String.format("%-12s", m.getKey())
                  + "the rows add up to "
                  + Printer.number(m.getValue().sum())
                  + (control == null
                      ? "; there was no control total"
                      : "; the control total is " + Printer.number(control)));
        }
        printer.line(
            "    fetched   "
                + part.fetchedAt()
                + " by run "
                + part.runId()
                + ", window "
                + part.windowId()
                + (part.zone() == null ? "" : ", in zone " + part.zone()));
        printer.line(
            "    requests  "
                + part.requests()
                + " for the window, "
                + part.controlRequests()
                + " for its control"
                + (part.splits() == 0 ? "" : ", " + part.splits() + " parts by filters"));
        if (!part.current()) {
          printer.line("    stale     the report's definition has changed since");
        }
      }
      for (Explanation.Change change : part.changes()) {
        printer.line(
            "    restated  "
                + change.at()
                + " "
                + change.measure()
                + " "
                + value(change.before())
                + " -> "
                + value(change.after())
                + " by run "
                + change.runId());
      }
      Explanation.Failed failed = part.attempt();
      if (failed != null) {
        printer.line(
            "    failed    "
                + failed.at()
                + " by run "
                + failed.runId()
                + ", what is stored was left as it was: "
                + failed.reason());
      }
      part.quarantined().forEach(row -> printer.line("    row       " + row));
    }

    private static String value(@Nullable Double value) {
      return value == null ? "?" : Printer.number(Math.round(value));
    }
  }
}
