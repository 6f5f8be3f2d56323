package fathomexport.window;

import fathomexport.plan.FetchTask;
import fathomexport.report.Slice;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Tasks that are fetched one after the other: one lane per request in flight. The tasks of a slice
 * stay in one lane, so that a control is queried once, before the rows that need it.
 */
public record Lane(int number, List<FetchTask> tasks) implements Serializable {
  public Lane {
    tasks = List.copyOf(tasks);
  }

  /** Distributes tasks over lanes, each in plan order. Lanes without tasks are left out. */
  public static List<Lane> deal(List<FetchTask> tasks, int lanes) {
    List<List<FetchTask>> dealt = new ArrayList<>();
    for (int i = 0; i < lanes; i++) {
      dealt.add(new ArrayList<>());
    }
    Map<Slice, Integer> laneOf = new HashMap<>();
    for (FetchTask task : tasks) {
      int next = laneOf.size() % lanes;
      dealt.get(laneOf.computeIfAbsent(task.slice(), s -> next)).add(task);
    }
    List<Lane> result = new ArrayList<>();
    for (int i = 0; i < lanes; i++) {
      if (!dealt.get(i).isEmpty()) {
        result.add(new Lane(i, dealt.get(i)));
      }
    }
    return result;
  }
}
