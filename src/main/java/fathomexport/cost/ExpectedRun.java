package fathomexport.cost;

import fathomexport.plan.FetchTask;
import fathomexport.plan.Plan;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.Site;
import fathomexport.run.ExportSpec;
import fathomexport.run.PlannedRun;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** What a run is expected to cost, from the costs of its tasks. */
public final class ExpectedRun {
  private ExpectedRun() {}

  /**
   * Returns what listeners receive about a run before it begins.
   *
   * @param costs of the plan's tasks
   */
  public static PlannedRun of(
      ExportSpec spec, Plan plan, List<TaskCost> costs, AccountQuotas quotas, List<Site> sites) {
    Map<String, Long> windows = new HashMap<>();
    Map<String, Set<String>> windowsOf = new TreeMap<>();
    for (TaskCost cost : costs) {
      Set<String> own =
          windowsOf.computeIfAbsent(cost.task().site().account(), a -> new HashSet<>());
      long requests = cost.likely();
      for (Report report : cost.task().reports()) {
        windows.put(cost.task().window(report).id(), requests);
        own.add(cost.task().window(report).id());
        requests = 0;
      }
    }
    return new PlannedRun(
        spec.runId(),
        spec.pipeline(),
        spec.command(),
        spec.startedAt(),
        plan.windows(),
        costs.stream().mapToLong(TaskCost::least).sum(),
        costs.stream().mapToLong(TaskCost::likely).sum(),
        quotas.perMinute(TaskCost.byAccount(costs)),
        windows,
        windowsOf.entrySet().stream()
            .map(
                e ->
                    new PlannedRun.AccountPart(
                        e.getKey(), e.getValue(), quotas.perMinute(e.getKey())))
            .toList(),
        sites.stream().map(Site::id).toList(),
        PlannedRun.accountsOf(sites),
        plan.tasks().stream().map(FetchTask::days).reduce(DayRange::span).orElse(null));
  }
}
