package fathomexport.plan;

import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/** Adjacent periods of a task that are treated alike. */
public record Segment(Treatment kind, DayRange days) {
  /** How a period is treated. */
  public enum Treatment {
    /** Its rows are fetched. */
    FETCH,
    /** What is stored of it is confirmed in the ledger; nothing is fetched. */
    CONFIRM,
    /** The control reports nothing: the period is committed as empty without fetching it. */
    SILENT
  }

  /**
   * Cuts a task so that the periods to fetch take the fewest requests: if few rows lie between
   * them, one request for all is cheaper than two. Of cuts that cost the same it chooses the one
   * that fetches the fewest additional rows.
   *
   * @param kind how a period would be treated alone
   * @param rows expected rows of a period
   * @param limit rows per response
   * @param width days per request
   */
  public static List<Segment> cut(
      FetchTask task,
      Function<LocalDate, Treatment> kind,
      ToDoubleFunction<LocalDate> rows,
      int limit,
      int width) {
    List<Segment> runs = new ArrayList<>();
    for (LocalDate period : task.periods()) {
      Treatment its = kind.apply(period);
      LocalDate end = task.endOf(period);
      int last = runs.size() - 1;
      if (last >= 0 && runs.get(last).kind() == its) {
        runs.set(last, new Segment(its, new DayRange(runs.get(last).days().first(), end)));
      } else {
        runs.add(new Segment(its, new DayRange(period, end)));
      }
    }
    joinOverSilence(runs);
    List<DayRange> fetched =
        runs.stream().filter(r -> r.kind() == Treatment.FETCH).map(Segment::days).toList();
    if (fetched.size() < 2) {
      return runs;
    }
    List<DayRange> asked = cheapest(task.shape().dateGrouping(), fetched, rows, limit, width);
    List<Segment> segments = new ArrayList<>();
    for (Segment run : runs) {
      DayRange hull = asked.stream().filter(a -> a.contains(run.days())).findFirst().orElse(null);
      if (hull == null) {
        segments.add(run);
      } else if (segments.isEmpty() || !segments.get(segments.size() - 1).days().equals(hull)) {
        segments.add(new Segment(Treatment.FETCH, hull));
      }
    }
    return segments;
  }

  /** Joins ranges to fetch over empty periods between them, which have no rows to page through. */
  private static void joinOverSilence(List<Segment> runs) {
    for (int i = runs.size() - 2; i > 0; i--) {
      if (runs.get(i).kind() == Treatment.SILENT
          && runs.get(i - 1).kind() == Treatment.FETCH
          && runs.get(i + 1).kind() == Treatment.FETCH) {
        DayRange hull = runs.get(i - 1).days().span(runs.get(i + 1).days());
        runs.subList(i, i + 2).clear();
        runs.set(i - 1, new Segment(Treatment.FETCH, hull));
        i--;
      }
    }
  }

  private static List<DayRange> cheapest(
      DateGrouping grouping,
      List<DayRange> runs,
      ToDoubleFunction<LocalDate> rows,
      int limit,
      int width) {
    int n = runs.size();
    // For the first n runs: the fewest requests, and the run at which the last of their ranges
    // begins.
    long[] requests = new long[n + 1];
    int[] begin = new int[n + 1];
    for (int end = 1; end <= n; end++) {
      requests[end] = Long.MAX_VALUE;
      // Shortest last range first, so that a longer one is chosen only if it is cheaper.
      for (int from = end - 1; from >= 0; from--) {
        DayRange hull = runs.get(from).span(runs.get(end - 1));
        if (from < end - 1 && hull.days() > width) {
          break;
        }
        long cost = requests[from] + PageCount.of(grouping, hull, limit, width, rows).pages();
        if (cost < requests[end]) {
          requests[end] = cost;
          begin[end] = from;
        }
      }
    }
    List<DayRange> ranges = new ArrayList<>();
    for (int end = n; end > 0; end = begin[end]) {
      ranges.add(0, runs.get(begin[end]).span(runs.get(end - 1)));
    }
    return ranges;
  }
}
