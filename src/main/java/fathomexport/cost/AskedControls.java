package fathomexport.cost;

import fathomexport.fetch.control.ControlBook;
import fathomexport.plan.FetchTask;
import fathomexport.report.DayRange;
import fathomexport.report.Window;
import java.time.LocalDate;
import java.util.HashSet;
import java.util.Set;

/**
 * The periods whose totals the tasks of a plan query, in its order: a response to a control query
 * has the totals of all tasks that share it.
 */
final class AskedControls {
  private final ControlBook known;
  private final Set<String> asked = new HashSet<>();

  /**
   * @param known control totals that a run of the plan would not query
   */
  AskedControls(ControlBook known) {
    this.known = known;
  }

  /**
   * Returns whether a task must query its control: it needs one, and neither an earlier task
   * queries it nor is it known. Notes what the task queries for those after it.
   */
  boolean asks(FetchTask task) {
    boolean asks =
        !task.isControl()
            && !task.periods().stream()
                .allMatch(
                    period ->
                        asked.contains(key(task, period))
                            || known.knows(
                                task.control(), new DayRange(period, task.endOf(period))));
    if (task.isControl() || asks) {
      // The response to a control query has the totals of all tasks that share it.
      DayRange days = task.isControl() ? task.days() : task.control().days();
      new Window(task.reports().get(0).name(), task.slice(), task.shape().dateGrouping(), days)
          .periods()
          .forEach(period -> asked.add(key(task, period)));
    }
    return asks;
  }

  private static String key(FetchTask task, LocalDate period) {
    return task.slice()
        + "\n"
        + task.shape().dateGrouping()
        + "\n"
        + task.shape().filters()
        + "\n"
        + period;
  }
}
