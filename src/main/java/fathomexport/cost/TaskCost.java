package fathomexport.cost;

import fathomexport.plan.FetchTask;
import fathomexport.plan.PageCount;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Collectors;

/**
 * The requests of one task.
 *
 * @param least requests at least: fewer cannot complete the task
 * @param kinds likely requests, by purpose
 * @param most requests at most
 * @param rows expected rows; empty if nothing is stored of any of its reports
 * @param split periods that exceed the limit, with their rows
 */
public record TaskCost(
    FetchTask task,
    long least,
    RequestKinds kinds,
    long most,
    OptionalDouble rows,
    List<PageCount.Full> split) {
  public long likely() {
    return kinds.total();
  }

  /** Returns the likely requests of each account. */
  public static Map<String, Long> byAccount(List<TaskCost> costs) {
    return costs.stream()
        .collect(
            Collectors.groupingBy(
                cost -> cost.task().site().account(),
                LinkedHashMap::new,
                Collectors.summingLong(TaskCost::likely)));
  }
}
