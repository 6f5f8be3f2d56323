package fathomexport.cli.command;

import fathomexport.cli.output.Printer;
import fathomexport.cli.output.RunPrinting;
import fathomexport.config.PipelineDefinition;
import fathomexport.config.Settings;
import fathomexport.report.DayRange;
import fathomexport.report.DifferenceCause;
import fathomexport.run.BackfillCommands;
import fathomexport.run.ExportJob;
import fathomexport.run.RunListener;
import fathomexport.verify.Verification;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "verify",
    description = {
      "Compare what is stored with control totals that are queried again.",
      "",
      "Exports nothing. Sends one request per site and control query. Exit code 65: something"
          + " differs.",
      "Also finds rows that were changed in the database or in files after the export.",
      "Without --from and --to it takes each site's yesterday and look-back."
    },
    footer = {
      "",
      "Examples:",
      "  fathom-export verify nightly",
      "  fathom-export verify nightly --from 2026-01-01 --to 2026-03-31"
    })
public final class VerifyCommand implements Callable<Integer> {
  private static final int MOST_SITES = 40;

  private final Context context;

  @Parameters(
      paramLabel = "PIPELINE",
      description = "Name of a file in pipelines/ without .yaml, or a path.")
  String pipeline = "";

  @ArgGroup(exclusive = false)
  CommandOptions.@Nullable Range range;

  @Mixin Selected selected = new Selected();

  @Mixin Launch.Metrics metrics = new Launch.Metrics();

  @Spec @Nullable CommandSpec spec;

  public VerifyCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    return Launch.measured(
        context,
        pipeline,
        "verify" + selected.selection().options(),
        metrics,
        (code, message) -> context.environment().err().println("fathom-export: " + message),
        numbers -> new Launch.Ended(verify(numbers), null));
  }

  private int verify(RunListener numbers) {
    Settings settings = context.settings();
    PipelineDefinition definition = context.pipeline(pipeline, settings);
    Optional<DayRange> days =
        Optional.ofNullable(range).map(r -> r.days(Objects.requireNonNull(spec), context.today()));
    ExportJob job = Context.job(definition).only(selected.selection());
    Verification verified = context.exporter(settings, numbers).verify(job, days);
    print(context.printer(), definition.name(), verified);
    return verified.exitCode();
  }

  private static void print(Printer printer, String pipeline, Verification verified) {
    if (printer.json()) {
      printer.json(verified);
      return;
    }
    List<Verification.Difference> differences = verified.differences();
    if (!differences.isEmpty()) {
      printer.table(
          List.of("report", "site", "day", "in", "measure", "stored", "expected", "off by", "why"),
          differences.stream().map(VerifyCommand::row).toList());
      printer.line("");
    }
    printer.line(
        Printer.number(verified.periods())
            + (verified.periods() == 1 ? " period in " : " periods in ")
            + String.join(" and ", verified.sinks())
            + " compared with "
            + Printer.number(verified.requests())
            + (verified.requests() == 1
                ? " request, billed as a pageview: "
                : " requests, each billed as a pageview: ")
            + (verified.agrees()
                ? "all agree."
                : Printer.number(differences.size())
                    + (differences.size() == 1 ? " difference" : " differences")
                    + (verified.damaged().isEmpty()
                        ? ""
                        : ", "
                            + verified.damaged().size()
                            + (verified.damaged().size() == 1 ? " damaged file" : " damaged files"))
                    + (verified.failures().isEmpty()
                        ? "."
                        : ", " + verified.failures().size() + " not verified.")));
    verified.damaged().forEach(d -> printer.line("! damaged: " + d));
    verified.failures().forEach(f -> printer.line("! not verified: " + f));
    // What to do about damaged files is said with them.
    advise(
        printer,
        pipeline,
        differences.stream().filter(d -> d.cause() != DifferenceCause.DAMAGED).toList());
  }

  private static void advise(
      Printer printer, String pipeline, List<Verification.Difference> differences) {
    if (differences.isEmpty()) {
      return;
    }
    if (differences.stream()
        .anyMatch(
            d -> d.sink().equals("parquet") && d.cause() == DifferenceCause.CHANGED_IN_STORAGE)) {
      printer.line(
          "Parquet files that were changed by hand are not written over: remove those of the days"
              + " above first.");
    }
    RunPrinting.commands(
            "Export them again with: ",
            again(differences).stream().map(c -> c.words(pipeline, " --force")).toList())
        .forEach(printer::line);
  }

  /** Returns the commands that fetch what differs, and as little else as possible. */
  private static List<BackfillCommands.Command> again(List<Verification.Difference> differences) {
    Map<BackfillCommands.ReportOfSite, BackfillCommands.Want> wants = new LinkedHashMap<>();
    Set<String> sites = new HashSet<>();
    for (Verification.Difference d : differences) {
      sites.add(d.site());
      BackfillCommands.ReportOfSite part = new BackfillCommands.ReportOfSite(d.report(), d.site());
      wants.merge(
          part,
          new BackfillCommands.Want(part, d.period(), d.period(), 1),
          (a, b) -> {
            DayRange both = BackfillCommands.Want.span(List.of(a, b));
            return new BackfillCommands.Want(part, both.first(), both.last(), a.periods() + 1);
          });
    }
    Map<BackfillCommands.ReportOfSite, LocalDate> stored = new HashMap<>();
    wants.forEach((part, want) -> stored.put(part, want.first()));
    return BackfillCommands.of(
        wants.values(),
        // More sites than a command can name are all of them.
        new BackfillCommands.Scope(sites.size() > MOST_SITES ? sites : Set.of(), Set.of(), stored),
        BackfillCommands.MOST);
  }

  private static List<String> row(Verification.Difference d) {
    Long stored = d.stored();
    Long expected = d.expected();
    return List.of(
        d.report(),
        d.event() == null ? d.site() : d.site() + " / " + d.event(),
        d.period().toString(),
        d.sink(),
        d.measure(),
        stored == null ? "-" : Printer.number(stored),
        expected == null ? "-" : Printer.number(expected),
        stored == null || expected == null
            ? "-"
            : String.format(Locale.ROOT, "%+,d", stored - expected),
        d.cause().words());
  }
}
