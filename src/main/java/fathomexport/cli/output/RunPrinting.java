package fathomexport.cli.output;

import fathomexport.run.MissingRange;
import fathomexport.run.RunResult;
import fathomexport.run.RunSummary;
import fathomexport.run.StaleRange;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Prints the result of a run. */
public final class RunPrinting {
  private static final int MESSAGES = 20;

  private RunPrinting() {}

  public static void print(Printer printer, String pipeline, RunResult result) {
    if (printer.json()) {
      printer.json(result);
      return;
    }
    printer.line(pipeline + ": " + verdict(result));
    printer.line(
        "  windows   "
            + Printer.number(result.windowsPlanned())
            + " planned, "
            + Printer.number(result.windowsCommitted())
            + " committed"
            + part(result.windowsUnchanged(), "unchanged", " (", ")")
            + part(result.windowsIncomplete(), "incomplete", ", ", "")
            + part(result.windowsFailed(), "failed", ", ", "")
            + part(result.windowsSkipped(), "not begun", ", ", ""));
    records(printer, result);
    printer.line(
        "  rows      "
            + Printer.number(result.rows())
            + part(result.quarantined(), "quarantined", ", ", "")
            + part(
                result.escapedCells(),
                "cells with characters that cannot be stored, as escapes",
                ", ",
                ""));
    printer.line(
        "  requests  "
            + Printer.number(result.requests())
            + ", each billed as a pageview; took "
            + Printer.time(result.took())
            + " (the quota allows no less than "
            + Printer.time(result.floor())
            + ")");
    messages(printer, result);
    stale(printer, pipeline, result.stale());
    missing(printer, pipeline, result);
  }

  /** Prints, as the last line, what stays missing and the command that fetches it. */
  private static void missing(Printer printer, String pipeline, RunResult result) {
    MissingRange missing = result.missing();
    if (missing != null) {
      printer.line(
          "  ! "
              + Printer.number(missing.periods())
              + (missing.periods() == 1 ? " period stays" : " periods stay")
              + " missing, further back than a run fills holes; fetch with: fathom-export backfill "
              + pipeline
              + " --from "
              + missing.first()
              + " --to "
              + missing.last()
              + (missing.alsoNeverStored()
                  ? " (which also fetches days before some report or site was first stored)"
                  : ""));
    }
  }

  /** What stale ranges have in common that one command renews. */
  private record Renewal(String why, LocalDate first, LocalDate last) {}

  /**
   * Returns the stored ranges that no longer match the pipeline, with the command that renews them:
   * one text per command, however many sites and reports it renews.
   */
  public static List<String> stale(String pipeline, List<StaleRange> ranges) {
    Map<Renewal, List<StaleRange>> byCommand = new LinkedHashMap<>();
    ranges.forEach(
        r ->
            byCommand
                .computeIfAbsent(new Renewal(r.why(), r.first(), r.last()), c -> new ArrayList<>())
                .add(r));
    List<String> texts = new ArrayList<>();
    byCommand.forEach(
        (renewal, alike) -> {
          long sites = alike.stream().map(StaleRange::site).distinct().count();
          long reports = alike.stream().map(StaleRange::report).distinct().count();
          texts.add(
              (reports == 1 ? alike.get(0).report() : reports + " reports")
                  + " "
                  + (sites == 1 ? alike.get(0).site() : "of " + sites + " sites")
                  + ": "
                  + Printer.number(alike.stream().mapToLong(StaleRange::periods).sum())
                  + " stale, "
                  + renewal.why()
                  + "; renew with: fathom-export backfill "
                  + pipeline
                  + " --from "
                  + renewal.first()
                  + " --to "
                  + renewal.last());
        });
    return texts;
  }

  private static void stale(Printer printer, String pipeline, List<StaleRange> ranges) {
    List<String> texts = stale(pipeline, ranges);
    texts.stream().limit(MESSAGES).forEach(text -> printer.line("  ~ " + text));
    if (texts.size() > MESSAGES) {
      printer.line("  ~ and " + (texts.size() - MESSAGES) + " more: see status --json");
    }
  }

  /** Prints the result of a snapshot. */
  public static void printSamples(Printer printer, String pipeline, RunResult result) {
    if (printer.json()) {
      printer.json(result);
      return;
    }
    printer.line(
        pipeline
            + ": "
            + switch (result.exitCode()) {
              case 0 -> result.windowsPlanned() == 0 ? "there are no sites" : "done";
              case 75 -> "not all sampled; try again later (exit 75)";
              case 130, 143 -> "stopped as requested (exit " + result.exitCode() + ")";
              default -> verdict(result);
            });
    printer.line(
        "  samples   "
            + Printer.number(result.windowsCommitted())
            + " of "
            + Printer.number(result.windowsPlanned())
            + " sites, "
            + Printer.number(result.rows())
            + " rows");
    records(printer, result);
    printer.line(
        "  requests  "
            + Printer.number(result.requests())
            + ", each billed as a pageview; took "
            + Printer.time(result.took()));
    messages(printer, result);
  }

  private static void records(Printer printer, RunResult result) {
    if (result.recordsSkipped() > 0) {
      printer.line(
          "  skipped   "
              + Printer.number(result.recordsSkipped())
              + (result.recordsSkipped() == 1 ? " unusable record" : " unusable records")
              + " of the list of sites");
    }
  }

  private static void messages(Printer printer, RunResult result) {
    List<String> messages =
        result.messages().stream().filter(m -> !RunSummary.isNotFetched(m)).toList();
    List<String> notFetched = result.messages().stream().filter(RunSummary::isNotFetched).toList();
    messages.stream().limit(MESSAGES).forEach(m -> printer.line("  ! " + m));
    if (messages.size() > MESSAGES) {
      printer.line("  ! and " + (messages.size() - MESSAGES) + " more: see status");
    }
    // Windows that were not fetched for the same cause share one line.
    Map<String, List<String>> byCause =
        notFetched.stream()
            .collect(
                Collectors.groupingBy(
                    RunSummary::causeOf, LinkedHashMap::new, Collectors.toList()));
    byCause.values().stream()
        .limit(MESSAGES)
        .forEach(
            alike ->
                printer.line(
                    "  ! "
                        + alike.get(0)
                        + (alike.size() == 1
                            ? ""
                            : " (and " + (alike.size() - 1) + " more windows)")));
  }

  private static String verdict(RunResult result) {
    if (result.exitCode() == 0) {
      return result.windowsPlanned() == 0
          ? result.missing() == null
              ? "nothing to do: every finished period is exported"
              : "nothing to do: every finished period within the reach of a run is exported"
          : "done";
    }
    String what =
        switch (result.exitCode()) {
          case 65 ->
              result.recordsSkipped() > 0
                      && result.windowsIncomplete() == 0
                      && result.quarantined() == 0
                  ? "done, except for unusable records in the list of sites"
                  : "partly done: some data is incomplete or quarantined";
          case 70 -> "internal error; please report it";
          case 74 -> "disk or database failed";
          case 75 -> "stopped early; run it again later, and it continues where it stopped";
          case 77 -> "the token may not read everything that was requested";
          case 78 -> "the API or the stored data does not allow what the configuration asks for";
          case 130, 143 -> "stopped as requested; run it again, and it continues where it stopped";
          default -> "failed";
        };
    return what + " (exit " + result.exitCode() + ")";
  }

  private static String part(long count, String what, String before, String after) {
    return count == 0 ? "" : before + Printer.number(count) + " " + what + after;
  }
}
