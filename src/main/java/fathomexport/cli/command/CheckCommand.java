package fathomexport.cli.command;

import fathomexport.cli.output.Printer;
import fathomexport.config.Loaded;
import fathomexport.config.PipelineDefinition;
import fathomexport.config.Problem;
import fathomexport.config.Settings;
import fathomexport.export.Finding;
import fathomexport.run.ExportJob;
import fathomexport.run.FailureKind;
import fathomexport.run.RunListener;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code check}: looks at everything that a run depends on. */
@Command(
    name = "check",
    description = {
      "Look at everything that a run needs, in one pass: settings, secrets, token, sites, clock,"
          + " certificate, proxy, database, privileges, pooler, directories, Beam's options.",
      "",
      "One line per item, with what to do. Exports nothing. Sends one report request per"
          + " account, which is billed as a pageview. Exits with the code that a run would end with."
    },
    footer = {"", "Example: fathom-export check nightly"})
public final class CheckCommand implements Callable<Integer> {
  /** The last line names at most so many accounts or sites: the lines above name all. */
  private static final int NAMED = 10;

  private final Context context;

  @Parameters(paramLabel = "PIPELINE", description = CommandOptions.PIPELINE)
  String pipeline = "";

  public CheckCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    Settings settings = context.settings();
    List<Finding> findings = new ArrayList<>();
    findings.add(Finding.ok("settings", context.configFile().toString()));
    Loaded<PipelineDefinition> loaded = context.loader().pipeline(pipeline, settings);
    for (Problem problem : loaded.problems()) {
      findings.add(Finding.failed("pipeline", FailureKind.CONFIGURATION, problem.render()));
    }
    loaded
        .value()
        .ifPresent(
            p ->
                findings.add(
                    Finding.ok(
                        "pipeline",
                        p.name()
                            + ", "
                            + p.reports().size()
                            + (p.reports().size() == 1 ? " report" : " reports"))));
    // A pipeline that cannot be read leaves the rest to be looked at.
    ExportJob job =
        loaded
            .value()
            .map(Context::job)
            .orElseGet(
                () ->
                    new ExportJob(
                        pipeline,
                        List.of(),
                        Optional.empty(),
                        0,
                        settings.postgres() != null,
                        settings.parquet() != null));
    findings.addAll(
        context.exporter(settings, RunListener.NONE).check(job, context.options().beamArguments));
    print(context.printer(), findings, settings.accounts().size());
    return findings.stream()
        .flatMap(f -> Optional.ofNullable(f.failure()).stream())
        .min(Comparator.naturalOrder())
        .map(FailureKind::exitCode)
        .orElse(0);
  }

  private static void print(Printer printer, List<Finding> findings, int accounts) {
    if (printer.json()) {
      printer.json(
          findings.stream()
              .map(
                  f ->
                      Map.of(
                          "item", f.item(),
                          "state", f.state().name().toLowerCase(Locale.ROOT),
                          "detail", f.detail()))
              .toList());
      return;
    }
    for (Finding finding : findings) {
      String mark =
          switch (finding.state()) {
            case OK -> "ok     ";
            case WARNING -> "warning";
            case FAILED -> "FAILED ";
          };
      printer.line(
          mark
              + "  "
              + String.format(Locale.ROOT, "%-15s", finding.item())
              + "  "
              + finding.detail());
    }
    printer.line(verdict(findings, accounts));
  }

  /** Says whether a run can start: it exports the accounts and sites that are in order. */
  private static String verdict(List<Finding> findings, int accounts) {
    List<Finding> failed =
        findings.stream().filter(f -> f.state() == Finding.State.FAILED).toList();
    if (failed.isEmpty()) {
      return "A run can start.";
    }
    Set<String> refused = new LinkedHashSet<>();
    Set<String> sites = new LinkedHashSet<>();
    long records = 0;
    boolean whole = false;
    for (Finding finding : failed) {
      Finding.Concern part = finding.part();
      if (part instanceof Finding.Concern.OfAccount account) {
        refused.add(account.name());
      } else if (part instanceof Finding.Concern.OfSites some) {
        some.sites().forEach(site -> sites.add(site.value()));
      } else if (part instanceof Finding.Concern.OfRecord) {
        records++;
      } else {
        whole = true;
      }
    }
    String mended =
        (failed.size() == 1 ? "this is" : "these " + failed.size() + " are") + " mended";
    if (whole || (!refused.isEmpty() && refused.size() == accounts)) {
      return "No run can succeed before " + mended + ".";
    }
    List<String> without = new ArrayList<>();
    if (!refused.isEmpty()) {
      without.add("without the sites of " + named("account", refused));
    }
    if (!sites.isEmpty()) {
      without.add("without " + named("site", sites));
    }
    if (records > 0) {
      without.add(
          "without "
              + Printer.number(records)
              + (records == 1 ? " unusable record" : " unusable records"));
    }
    return "A run can start, " + String.join(" and ", without) + " until " + mended + ".";
  }

  private static String named(String what, Set<String> names) {
    return what
        + (names.size() == 1 ? " " : "s ")
        + names.stream().limit(NAMED).collect(Collectors.joining(", "))
        + (names.size() > NAMED ? ", and " + (names.size() - NAMED) + " more," : "");
  }
}
