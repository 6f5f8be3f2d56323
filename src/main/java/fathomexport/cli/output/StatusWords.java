package fathomexport.cli.output;

import fathomexport.inspect.StatusOverview;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The texts about a status that the terminal and the page share. */
public final class StatusWords {
  private StatusWords() {}

  /** Describes how late stored numbers changed, and which look-back covers that. */
  public static String moved(StatusOverview.Moved moved) {
    String ages =
        moved.ages().stream()
            .map(a -> Printer.number(a.days()) + " after " + a.daysAfter() + " d")
            .collect(Collectors.joining(", "));
    int suggested = moved.suggestedLookbackDays();
    return moved.report()
        + ": "
        + Printer.number(moved.days())
        + (moved.days() == 1 ? " stored day" : " stored days")
        + " changed later ("
        + ages
        + "; last seen "
        + moved.lastAt().truncatedTo(ChronoUnit.SECONDS)
        + "): "
        + (suggested > moved.lookbackDays()
            ? "later than lookback_days: "
                + moved.lookbackDays()
                + " is certain to find; suggested: "
                + suggested
            : "lookback_days: "
                + moved.lookbackDays()
                + " finds them all"
                + (suggested < moved.lookbackDays() ? ", and " + suggested + " would, too" : ""));
  }

  /** Summarises the status in one sentence. */
  public static String verdict(StatusOverview status) {
    if (status.lines().isEmpty()) {
      return "Nothing has been exported yet.";
    }
    return status.sitesComplete()
        + " of "
        + status.sites()
        + " sites are complete to yesterday"
        + (status.sitesComplete() == status.sites()
            ? "."
            : "; "
                + status.lines().stream().filter(StatusOverview.Line::attention).count()
                + " of "
                + status.lines().size()
                + " rows need attention.");
  }

  /** Describes the problems of a line in a few words; empty if there are none. */
  public static String matter(StatusOverview.Line line) {
    List<String> what = new ArrayList<>();
    if (line.daysBehind() == null) {
      what.add("nothing stored");
    } else if (line.daysBehind() > 0) {
      what.add(line.daysBehind() + (line.daysBehind() == 1 ? " day" : " days") + " behind");
    }
    add(what, line.missing(), "missing");
    add(what, line.incomplete(), "incomplete");
    add(what, line.failed(), "failed");
    add(what, line.stale(), "stale");
    add(what, line.quarantined(), "quarantined");
    return String.join(", ", what);
  }

  private static void add(List<String> what, long count, String word) {
    if (count > 0) {
      what.add(Printer.number(count) + " " + word);
    }
  }
}
