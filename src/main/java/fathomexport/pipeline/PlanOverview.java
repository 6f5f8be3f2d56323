package fathomexport.pipeline;

import fathomexport.plan.FetchTask;
import fathomexport.plan.Pager;
import fathomexport.plan.Plan;
import fathomexport.plan.WindowPlanner;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a run would cost, before it costs anything.
 *
 * @param lines one a question and site, in the order of the plan
 * @param leastRequests when no answer reaches the row limit
 * @param likelyRequests with as many rows a period as the ledger has seen
 * @param minutes at the quota, for the likely requests
 * @param notes sites that could not be had, and what is stale
 */
public record PlanOverview(
    List<Line> lines,
    long windows,
    long leastRequests,
    long likelyRequests,
    long minutes,
    List<String> notes) {

  /**
   * One question to one site.
   *
   * @param reports that its answers fill
   * @param event null for pageviews
   * @param likelyRequests control queries included, with the first question that needs them
   */
  public record Line(
      List<String> reports,
      String site,
      @Nullable String event,
      LocalDate first,
      LocalDate last,
      int windows,
      long leastRequests,
      long likelyRequests) {}

  static PlanOverview of(
      Plan plan,
      LedgerView view,
      int requestsPerMinute,
      int rowLimit,
      int maxRangeDays,
      List<String> lost) {
    Map<String, Line> lines = new LinkedHashMap<>();
    Set<String> controls = new HashSet<>();
    for (FetchTask task : plan.tasks()) {
      long control = controlRequests(task, controls, maxRangeDays);
      long least = pages(task, task.days(), maxRangeDays);
      double rows =
          task.reports().stream()
                  .map(Report::name)
                  .mapToDouble(r -> view.rowsAPeriod(r, task.slice()))
                  .max()
                  .orElse(0)
              * task.window(task.reports().get(0)).periods().count();
      long likely = Math.max(least, (long) Math.ceil(rows / Math.max(1, rowLimit)));
      Line line =
          new Line(
              task.reports().stream().map(Report::name).toList(),
              task.site().id().value(),
              task.slice().event(),
              task.days().first(),
              task.days().last(),
              task.reports().size(),
              least + control,
              likely + control);
      lines.merge(line.reports() + "\n" + task.slice(), line, PlanOverview::plus);
    }
    long least = lines.values().stream().mapToLong(Line::leastRequests).sum();
    long likely = lines.values().stream().mapToLong(Line::likelyRequests).sum();
    List<String> notes = new ArrayList<>(lost);
    plan.stale()
        .forEach(
            s ->
                notes.add(
                    s.report()
                        + " "
                        + s.site()
                        + " "
                        + new DayRange(s.first(), s.last())
                        + " is stale: "
                        + s.why()
                        + "; renew it with backfill --from "
                        + s.first()
                        + " --to "
                        + s.last()));
    return new PlanOverview(
        List.copyOf(lines.values()),
        plan.windows(),
        least,
        likely,
        likely == 0 ? 0 : (likely + requestsPerMinute - 1) / requestsPerMinute - 1,
        List.copyOf(notes));
  }

  private static Line plus(Line a, Line b) {
    return new Line(
        a.reports(),
        a.site(),
        a.event(),
        a.first().isBefore(b.first()) ? a.first() : b.first(),
        a.last().isAfter(b.last()) ? a.last() : b.last(),
        a.windows() + b.windows(),
        a.leastRequests() + b.leastRequests(),
        a.likelyRequests() + b.likelyRequests());
  }

  /** Requests that a plan takes at the least, controls included. */
  static long leastRequests(Plan plan, int maxRangeDays) {
    Set<String> controls = new HashSet<>();
    return plan.tasks().stream()
        .mapToLong(
            t -> controlRequests(t, controls, maxRangeDays) + pages(t, t.days(), maxRangeDays))
        .sum();
  }

  /** Requests for the control of a task, when no task before it has asked for it. */
  private static long controlRequests(FetchTask task, Set<String> asked, int maxRangeDays) {
    Set<String> keys =
        task.window(task.reports().get(0))
            .periods()
            .map(
                p ->
                    task.slice()
                        + "\n"
                        + task.shape().dateGrouping()
                        + "\n"
                        + task.shape().filters()
                        + "\n"
                        + p)
            .collect(Collectors.toSet());
    if (task.isControl()) {
      asked.addAll(keys);
      return 0;
    }
    if (asked.containsAll(keys)) {
      return 0;
    }
    asked.addAll(keys);
    return pages(task, task.control().days(), maxRangeDays);
  }

  /** As many as the pager asks for when no answer is full. */
  static long pages(FetchTask task, DayRange days, int maxRangeDays) {
    DateGrouping grouping = task.shape().dateGrouping();
    int width = grouping == DateGrouping.HOUR ? WindowPlanner.HOUR_DAYS : maxRangeDays;
    Pager pager = new Pager(grouping, days, Integer.MAX_VALUE, width);
    long pages = 0;
    while (!pager.done()) {
      pager.answered(0, null, null);
      pages++;
    }
    return pages;
  }
}
