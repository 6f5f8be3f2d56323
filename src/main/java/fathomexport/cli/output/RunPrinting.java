package fathomexport.cli.output;

import fathomexport.run.Left;
import fathomexport.run.MissingRange;
import fathomexport.run.NewSites;
import fathomexport.run.Renewal;
import fathomexport.run.RunResult;
import fathomexport.run.RunSummary;
import fathomexport.run.SinksDiffer;
import fathomexport.run.WindowOutcome;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Prints the result of a run. */
public final class RunPrinting {
  private static final int MESSAGES = 20;

  /** A line names at most so many sites. */
  private static final int SITES = 10;

  /** The most causes for which windows were not fetched: budgets word them with numbers. */
  private static final int CAUSES = 5;

  private RunPrinting() {}

  public static void print(Printer printer, String pipeline, RunResult result) {
    if (printer.json()) {
      printer.json(result);
      return;
    }
    // The record counts what failed before there were windows with these.
    long accounts =
        Math.min(
            result.windowsFailed(),
            result.messages().stream().filter(WindowOutcome::isOfAccount).count());
    printer.line(pipeline + ": " + verdict(result));
    printer.line(
        "  windows   "
            + Printer.number(result.windowsPlanned())
            + " planned, "
            + Printer.number(result.windowsCommitted())
            + " committed"
            + part(result.windowsUnchanged(), "unchanged", " (", ")")
            + part(result.windowsIncomplete(), "incomplete", ", ", "")
            + part(result.windowsFailed() - accounts, "failed", ", ", "")
            + part(result.windowsSkipped(), "not begun", ", ", ""));
    if (accounts > 0) {
      printer.line("  accounts  " + Printer.number(accounts) + " could not be asked: see below");
    }
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
            + (result.floor().toSeconds() == 0
                ? ""
                : " (the quota allows no less than " + Printer.time(result.floor()) + ")"));
    messages(printer, result);
    result.removedAccounts().forEach(account -> printer.line("  ~ " + account.words()));
    if (result.newSites() != null) {
      newSites(pipeline, result.newSites()).forEach(text -> printer.line("  ~ " + text));
    }
    renewals(pipeline, result.renewals()).forEach(text -> printer.line("  ~ " + text));
    missing(printer, pipeline, result);
    if (result.sinksDiffer() != null) {
      differing(pipeline, result.sinksDiffer()).forEach(line -> printer.line("  ! " + line));
    }
    Left.in(result.messages()).ifPresent(left -> printer.line("  " + left));
  }

  /** Prints what stays missing, and the commands that fetch it. */
  private static void missing(Printer printer, String pipeline, RunResult result) {
    MissingRange missing = result.missing();
    if (missing != null) {
      missing(pipeline, missing).forEach(line -> printer.line("  ! " + line));
    }
  }

  /** Returns the texts about what stays missing, with the commands that fetch it. */
  static List<String> missing(String pipeline, MissingRange missing) {
    return commands(
        Printer.number(missing.periods())
            + (missing.periods() == 1 ? " period stays" : " periods stay")
            + " missing, too old for a run to fetch by itself; fetch with: ",
        missing.commands().stream().map(command -> command.words(pipeline)).toList());
  }

  /** Returns the texts about what the sinks hold differently, with the commands that mend it. */
  private static List<String> differing(String pipeline, SinksDiffer differ) {
    List<String> lines =
        commands(
            "the sinks hold different rows of "
                + Printer.number(differ.periods())
                + (differ.periods() == 1 ? " period" : " periods")
                + "; fetch again with: ",
            differ.commands().stream().map(c -> c.words(pipeline, " --force")).toList());
    if (differ.samples() > 0) {
      lines.add(
          Printer.number(differ.samples())
              + (differ.samples() == 1 ? " sample" : " samples")
              + " of current visitors "
              + (differ.samples() == 1 ? "is" : "are")
              + " not in all sinks, and cannot be fetched again: see status");
    }
    return lines;
  }

  /** Returns the texts about new sites, with the commands that fetch their history. */
  static List<String> newSites(String pipeline, NewSites sites) {
    int count = sites.sites().size();
    return commands(
        (count == 1 ? "site " : count + " sites (")
            + sites.sites().stream().limit(SITES).collect(Collectors.joining(", "))
            + (count > SITES ? ", and " + (count - SITES) + " more" : "")
            + (count == 1 ? " is" : ") are")
            + " new, and no run fetches the history (`plan` with the same options says what it"
            + " costs); fetch it with: ",
        sites.commands().stream().map(command -> command.words(pipeline)).toList());
  }

  /** Returns a line with the first command, and one line for each further one. */
  public static List<String> commands(String what, List<String> commands) {
    List<String> lines = new ArrayList<>();
    for (String command : commands) {
      lines.add((lines.isEmpty() ? what : "and with: ") + command);
    }
    return lines;
  }

  /** Returns the texts about stored ranges that no longer match the pipeline: one per command. */
  public static List<String> renewals(String pipeline, List<Renewal> renewals) {
    return renewals.stream()
        .map(
            r ->
                r.what()
                    + ": "
                    + Printer.number(r.periods())
                    + " stale, "
                    + r.why()
                    + "; renew with: "
                    + r.command().words(pipeline))
        .toList();
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
        result.messages().stream()
            .filter(m -> !RunSummary.isNotFetched(m))
            .filter(m -> !Left.isLeft(m) && !Left.isContinuation(m))
            .toList();
    List<String> notFetched = result.messages().stream().filter(RunSummary::isNotFetched).toList();
    messages.stream().limit(MESSAGES).forEach(m -> printer.line("  ! " + m));
    if (messages.size() > MESSAGES) {
      printer.line(
          "  ! and "
              + (messages.size() - MESSAGES)
              + " more: see the log, or the messages in the record of run "
              + result.runId());
    }
    // Windows that were not fetched for the same cause share one line.
    Map<String, List<String>> byCause =
        notFetched.stream()
            .collect(
                Collectors.groupingBy(
                    RunSummary::causeOf, LinkedHashMap::new, Collectors.toList()));
    byCause.entrySet().stream()
        .limit(CAUSES)
        .forEach(e -> printer.line("  ! " + notFetched(e.getKey(), e.getValue())));
  }

  /** Describes windows that were not fetched for the same cause. */
  private static String notFetched(String cause, List<String> alike) {
    if (alike.size() == 1) {
      return alike.get(0);
    }
    // How many windows another run fetches is said by the last line.
    return Left.isCause(cause)
        ? cause
        : alike.get(0) + " (and " + (alike.size() - 1) + " more windows)";
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
                  : "partly done: some data is incomplete or quarantined, and `status` names it";
          case 70 -> "internal error; please report it";
          case 74 -> "disk or database failed";
          case 75 ->
              result.windowsNotBegun() > 0 || Left.in(result.messages()).isPresent()
                  ? "stopped early; run it again later, and it continues where it stopped"
                  : "partly done: what failed may succeed later; run it again, and it fetches what"
                      + " is missing";
          case 77 ->
              result.messages().stream().anyMatch(WindowOutcome::isOnWorker)
                  ? "a worker of the cluster lacks a secret or a right; the lines below name it"
                  : "the token may not read everything that was requested";
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
