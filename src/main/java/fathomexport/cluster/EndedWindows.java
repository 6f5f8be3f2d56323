package fathomexport.cluster;

import fathomexport.report.DayRange;
import fathomexport.report.Slice;
import fathomexport.report.Window;
import fathomexport.run.WindowOutcome;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The windows of a lane that have ended, in whatever way. Neighbouring ones are kept as one range:
 * a chunk of a window counts as a window, and there may be many.
 */
public final class EndedWindows {
  private final Map<Whose, List<DayRange>> days = new HashMap<>();

  private record Whose(String report, Slice slice) {}

  EndedWindows copy() {
    EndedWindows copy = new EndedWindows();
    copy.days.putAll(days);
    return copy;
  }

  /** Adds the window of an outcome, if it is about one. */
  void add(WindowOutcome outcome) {
    Window window = outcome.subject();
    if (window != null) {
      days.merge(
          new Whose(window.report(), window.slice()), List.of(window.days()), EndedWindows::union);
    }
  }

  private static List<DayRange> union(List<DayRange> some, List<DayRange> more) {
    List<DayRange> all = new ArrayList<>(some);
    all.addAll(more);
    return DayRange.union(all);
  }

  /** Returns the days of a window that belong to no window that has ended, oldest first. */
  public List<DayRange> left(Window window) {
    return window
        .days()
        .without(days.getOrDefault(new Whose(window.report(), window.slice()), List.of()));
  }
}
