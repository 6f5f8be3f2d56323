package fathomexport.cli.output;

import fathomexport.inspect.PeriodState;
import fathomexport.inspect.StatusOverview;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The texts about one line of the status: a report of a site, or of an event. */
public final class LineWords {
  private static final int SPANS = 3;

  private LineWords() {}

  /** Describes the problems of a line in a few words; empty if there are none. */
  public static String matter(StatusOverview.Line line) {
    List<String> what = new ArrayList<>();
    if (line.retired()) {
      return "";
    }
    if (line.first() == null) {
      what.add(line.attention() ? "nothing stored" : "nothing stored yet");
    } else {
      add(what, line.late(), line.late() == 1 ? "day late" : "days late");
    }
    add(what, line.ahead(), line.ahead() == 1 ? "day not over" : "days not over");
    add(what, line.missing(), "missing");
    add(what, line.incomplete(), "incomplete");
    add(what, line.failed(), "failed");
    add(what, line.stale(), "stale");
    add(what, line.differing(), "different in the sinks");
    add(what, line.quarantined(), "quarantined");
    return String.join(", ", what);
  }

  /**
   * Describes why a row needs attention, as far as neither its gaps nor a failed attempt say so;
   * empty if they do, or if it needs none.
   */
  public static String reason(StatusOverview.Line line) {
    if (!line.attention()) {
      return "";
    }
    List<String> reasons = new ArrayList<>();
    if (line.first() == null) {
      reasons.add("no run has stored anything of it yet");
    }
    if (line.late() > 0) {
      reasons.add("nothing is stored after " + line.freshTo());
    }
    if (line.ahead() > 0) {
      reasons.add("stored to " + line.freshTo() + ", which is not over by this machine's clock");
    }
    if (line.incomplete() > 0 && line.problem() == null) {
      reasons.add("incomplete: " + spans(line, PeriodState.INCOMPLETE));
    }
    if (line.stale() > 0) {
      reasons.add(
          "stored under another definition or time zone: " + spans(line, PeriodState.STALE));
    }
    if (line.differing() > 0) {
      reasons.add("the sinks hold different rows");
    }
    if (line.quarantined() > 0) {
      reasons.add("rows could not be typed: see the quarantine");
    }
    return String.join("; ", reasons);
  }

  private static String spans(StatusOverview.Line line, PeriodState state) {
    List<StatusOverview.Span> spans =
        line.spans().stream().filter(s -> s.state() == state).toList();
    return spans.stream()
            .limit(SPANS)
            .map(s -> new StatusOverview.Gap(s.first(), s.last()).toString())
            .collect(Collectors.joining(", "))
        + (spans.size() > SPANS ? ", and " + (spans.size() - SPANS) + " more ranges" : "");
  }

  /** Describes the state of a line in a few words. */
  public static String state(StatusOverview.Line line) {
    if (line.retired()) {
      return "retired" + (line.freshTo() == null ? "" : ", last day " + line.freshTo());
    }
    String matter = matter(line);
    return matter.isEmpty() ? "complete" : (line.attention() ? "! " : "") + matter;
  }

  private static void add(List<String> what, long count, String word) {
    if (count > 0) {
      what.add(Printer.number(count) + " " + word);
    }
  }
}
