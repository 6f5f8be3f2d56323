package fathomexport.window;

import fathomexport.cluster.EndedWindows;
import fathomexport.plan.FetchTask;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.Slice;
import fathomexport.report.Window;
import fathomexport.run.FailureKind;
import fathomexport.run.WindowOutcome;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;

/**
 * Tasks of one account that are fetched one after the other: one lane per request that the account
 * may have in flight. The tasks of a slice stay in one lane, so that a control is queried once,
 * before the rows that need it.
 *
 * @param account as in {@link fathomexport.report.Site}
 */
public record Lane(int number, String account, List<FetchTask> tasks) implements Serializable {
  public Lane {
    tasks = List.copyOf(tasks);
  }

  /**
   * Distributes tasks over lanes, each in plan order. Lanes without tasks are left out.
   *
   * @param lanes returns the most lanes of an account
   */
  public static List<Lane> deal(List<FetchTask> tasks, ToIntFunction<String> lanes) {
    Map<String, List<FetchTask>> byAccount =
        tasks.stream()
            .collect(
                Collectors.groupingBy(
                    task -> task.site().account(), LinkedHashMap::new, Collectors.toList()));
    List<Lane> all = new ArrayList<>();
    byAccount.forEach((account, own) -> deal(account, own, lanes.applyAsInt(account), all));
    return all;
  }

  private static void deal(String account, List<FetchTask> tasks, int lanes, List<Lane> all) {
    List<List<FetchTask>> dealt = new ArrayList<>();
    for (int i = 0; i < lanes; i++) {
      dealt.add(new ArrayList<>());
    }
    Map<Slice, Integer> laneOf = new HashMap<>();
    for (FetchTask task : tasks) {
      int next = laneOf.size() % lanes;
      dealt.get(laneOf.computeIfAbsent(task.slice(), s -> next)).add(task);
    }
    dealt.stream()
        .filter(lane -> !lane.isEmpty())
        .forEach(lane -> all.add(new Lane(all.size(), account, lane)));
  }

  /**
   * Returns the outcomes of the windows of a lane that was not exported to its end: of those, and
   * of the parts of those, that have not ended.
   *
   * @param message begins as that of a window that was not fetched
   */
  public List<WindowOutcome> left(EndedWindows ended, FailureKind kind, String message) {
    List<WindowOutcome> left = new ArrayList<>();
    for (FetchTask task : tasks) {
      for (Report report : task.reports()) {
        for (DayRange days : ended.left(task.window(report))) {
          Window window = task.during(days).window(report);
          left.add(WindowOutcome.failed("", kind, message).about(window, 0));
        }
      }
    }
    return left;
  }
}
