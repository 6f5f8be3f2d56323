package fathomexport.plan;

import fathomexport.report.SiteId;
import java.time.LocalDate;
import java.util.List;
import java.util.Set;

/**
 * What a run will do, in the order in which it will.
 *
 * @param stale periods that are stored but were asked for under another definition or zone, and
 *     that this run does not renew
 * @param skipped periods that would be due, but lie before there can be numbers
 * @param fetched sites whose look-back is fetched since an audit failed
 */
public record Plan(List<FetchTask> tasks, List<Stale> stale, long skipped, Set<SiteId> fetched) {
  public Plan {
    tasks = List.copyOf(tasks);
    stale = List.copyOf(stale);
    fetched = Set.copyOf(fetched);
  }

  /** Stored periods that no longer are what the pipeline asks for. */
  public record Stale(
      String report, SiteId site, LocalDate first, LocalDate last, long periods, String why) {}

  /** Windows of all tasks. */
  public long windows() {
    return tasks.stream().mapToLong(t -> t.reports().size()).sum();
  }
}
