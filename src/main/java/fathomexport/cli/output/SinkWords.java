package fathomexport.cli.output;

import fathomexport.inspect.StatusOverview;
import fathomexport.report.DifferenceCause;
import fathomexport.run.BackfillCommands;
import java.util.ArrayList;
import java.util.List;

/** The texts about differences between sinks, and between a sink and the API. */
public final class SinkWords {
  private SinkWords() {}

  /** Describes how the sinks differ, one line per difference, with the command that mends it. */
  public static List<String> sinks(StatusOverview status) {
    List<String> lines = new ArrayList<>();
    for (StatusOverview.SinkLag lag : status.lagging()) {
      if (!lag.retired()) {
        lines.addAll(
            RunPrinting.commands(lacks(lag) + "; fetch with: ", words(status, lag.commands(), "")));
      }
    }
    StatusOverview.Extent differing = status.differing();
    if (differing != null) {
      lines.addAll(
          RunPrinting.commands(
              "the sinks hold different rows of " + extent(differing) + "; fetch again with: ",
              words(status, status.differingCommands(), " --force")));
    }
    for (StatusOverview.SampleLag lag : status.samplesLacking()) {
      lines.add(
          lag.sink()
              + " lacks "
              + Printer.number(lag.samples())
              + (lag.samples() == 1 ? " sample" : " samples")
              + " of current visitors that another sink has ("
              + Printer.count(lag.sites(), "site")
              + ", "
              + lag.first()
              + " .. "
              + lag.last()
              + "); they cannot be fetched again");
    }
    return lines;
  }

  /** Describes what verifications found to differ and nothing has mended since. */
  public static List<String> verified(StatusOverview status) {
    List<String> lines = new ArrayList<>();
    for (StatusOverview.Verified found : status.verified()) {
      String what =
          "verify found "
              + extent(found.extent())
              + (found.extent().periods() == 1 ? " that differs in " : " that differ in ")
              + found.sink()
              + ": "
              + found.cause().words();
      if (found.detail() != null) {
        lines.add(what + ": " + found.detail());
      } else {
        lines.addAll(
            RunPrinting.commands(
                what + exportAgain(found.sink(), found.cause()),
                words(status, found.commands(), " --force")));
      }
    }
    return lines;
  }

  /** Returns the words before the command that exports again what differs in a sink. */
  private static String exportAgain(String sink, DifferenceCause cause) {
    return sink.equals("parquet") && cause == DifferenceCause.CHANGED_IN_STORAGE
        ? ". Files that were changed by hand are not written over: remove those of these days, and"
            + " then export them again with: "
        : "; export them again with: ";
  }

  private static String lacks(StatusOverview.SinkLag lag) {
    return lag.sink()
        + " lacks "
        + extent(lag.lacks())
        + " that "
        + lag.others()
        + (lag.others().contains(" ") ? " have" : " has");
  }

  private static List<String> words(
      StatusOverview status, List<BackfillCommands.Command> commands, String option) {
    return commands.stream().map(c -> c.words(status.pipeline(), option)).toList();
  }

  /** Describes what a sink lacks of retired sites and events, which nothing can mend. */
  public static List<String> lost(StatusOverview status) {
    return status.lagging().stream()
        .filter(StatusOverview.SinkLag::retired)
        .map(
            lag ->
                lacks(lag)
                    + " of retired sites or events; they cannot be fetched again, and are"
                    + " not reported as missing")
        .toList();
  }

  private static String extent(StatusOverview.Extent extent) {
    return Printer.count(extent.periods(), "period")
        + " ("
        + Printer.count(extent.reports(), "report")
        + ", "
        + Printer.count(extent.sites(), "site")
        + ", "
        + extent.first()
        + " .. "
        + extent.last()
        + ")";
  }
}
