package fathomexport.pipeline;

import fathomexport.api.RetryBudget;
import fathomexport.plan.FetchTask;
import fathomexport.plan.Pager;
import fathomexport.plan.Plan;
import fathomexport.plan.WindowPlanner;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a plan's requests come to, by running the pager over as many rows as are expected.
 *
 * <p>Least: no answer is full, and the API does nothing unexpected. Likely: with the rows that the
 * ledger has seen. Most: besides, the range of each question is refused once and halved, each page
 * and its control are asked once more, each period that the control finds empty is confirmed, and
 * every retry that a run has is used. What nobody can know is in none of them: a row cap below the
 * limit, and days that reach the limit for the first time.
 */
final class RequestCosts {
  private static final int HOURS = 24;

  private final ExpectedRows expected;
  private final int requestsPerMinute;
  private final int rowLimit;
  private final int maxRangeDays;

  RequestCosts(ExpectedRows expected, int requestsPerMinute, int rowLimit, int maxRangeDays) {
    this.expected = expected;
    this.requestsPerMinute = requestsPerMinute;
    this.rowLimit = rowLimit;
    this.maxRangeDays = maxRangeDays;
  }

  /**
   * What one task comes to.
   *
   * @param rows empty when nothing is stored of any of its reports
   * @param split periods that alone reach the limit, with their rows
   */
  record Cost(
      FetchTask task, long least, long likely, long most, OptionalDouble rows, List<Full> split) {}

  /** A period that alone reaches the limit. */
  record Full(LocalDate period, long rows) {}

  /** The plan's tasks, in its order. */
  List<Cost> of(Plan plan) {
    Set<String> controls = new HashSet<>();
    Set<String> halved = new HashSet<>();
    List<Cost> costs = new ArrayList<>();
    for (FetchTask task : plan.tasks()) {
      costs.add(cost(task, asksControl(task, controls), halved.add(task.shape().key())));
    }
    return costs;
  }

  private Cost cost(FetchTask task, boolean asksControl, boolean firstOfShape) {
    int width = width(task.shape().dateGrouping());
    ToDoubleFunction<LocalDate> rows = p -> rows(task, p).orElse(0);
    ToDoubleFunction<LocalDate> controlRows =
        p -> task.shape().dateGrouping() == DateGrouping.HOUR ? HOURS : 1;
    DayRange control = task.control().days();
    Walk least = walk(task, task.days(), Integer.MAX_VALUE, width, p -> 0);
    Walk likely = walk(task, task.days(), rowLimit, width, rows);
    Walk halved = walk(task, task.days(), rowLimit, Math.max(1, width / 2), rows);
    long leastControl = 0;
    long likelyControl = 0;
    if (asksControl) {
      leastControl = walk(task, control, Integer.MAX_VALUE, width, p -> 0).pages;
      likelyControl = walk(task, control, rowLimit, width, controlRows).pages;
    }
    long parts = likely.full.stream().mapToLong(f -> 1 + f.rows() / rowLimit + 1).sum();
    // A refused range, and the single period that puts a vague refusal to the proof.
    long refusals = firstOfShape && task.days().days() > 1 ? 2 : 0;
    long again = task.isControl() ? task.heldPeriods().size() : 2 * likelyControl + halved.pages;
    return new Cost(
        task,
        least.pages + leastControl,
        likely.pages + parts + likelyControl,
        2 * (halved.pages + parts) + again + refusals,
        total(task),
        likely.full);
  }

  private OptionalDouble rows(FetchTask task, LocalDate period) {
    OptionalDouble most =
        task.reports().stream()
            .map(r -> expected.of(r.name(), task.slice(), period))
            .flatMap(r -> r.stream().boxed())
            .mapToDouble(r -> r)
            .max();
    return most.isEmpty() && task.isControl()
        ? OptionalDouble.of(task.shape().dateGrouping() == DateGrouping.HOUR ? HOURS : 1)
        : most;
  }

  /** Rows of all the task's windows. */
  private OptionalDouble total(FetchTask task) {
    List<LocalDate> periods = task.window(task.reports().get(0)).periods().toList();
    double sum = 0;
    for (Report report : task.reports()) {
      for (LocalDate period : periods) {
        OptionalDouble rows = expected.of(report.name(), task.slice(), period);
        if (rows.isEmpty() && !task.isControl()) {
          return OptionalDouble.empty();
        }
        sum += rows.orElse(rows(task, period).orElse(0));
      }
    }
    return OptionalDouble.of(sum);
  }

  private int width(DateGrouping grouping) {
    return grouping == DateGrouping.HOUR ? WindowPlanner.HOUR_DAYS : maxRangeDays;
  }

  /** Pages of a range when no answer is full. */
  static long leastPages(FetchTask task, DayRange days, int maxRangeDays) {
    int width =
        task.shape().dateGrouping() == DateGrouping.HOUR ? WindowPlanner.HOUR_DAYS : maxRangeDays;
    return walk(task, days, Integer.MAX_VALUE, width, p -> 0).pages;
  }

  private record Walk(long pages, List<Full> full) {}

  /** Pages through a range as a run does, with answers of as many rows as are expected. */
  private static Walk walk(
      FetchTask task, DayRange days, int limit, int width, ToDoubleFunction<LocalDate> rows) {
    DateGrouping grouping = task.shape().dateGrouping();
    Pager pager = new Pager(grouping, days, limit, width);
    List<Full> full = new ArrayList<>();
    long pages = 0;
    while (!pager.done()) {
      DayRange asked = pager.ask();
      LocalDate first = null;
      LocalDate last = null;
      double sum = 0;
      for (LocalDate period : periods(grouping, asked).toList()) {
        double some = rows.applyAsDouble(period);
        if (some > 0) {
          first = first == null ? period : first;
          last = period;
        }
        sum += some;
        if (sum >= limit) {
          break;
        }
      }
      pages++;
      Pager.Kept kept = pager.answered((long) Math.min(sum, limit), first, last);
      if (kept instanceof Pager.Kept.OverLimit over) {
        full.add(new Full(over.period(), Math.round(rows.applyAsDouble(over.period()))));
      }
    }
    return new Walk(pages, full);
  }

  private static Stream<LocalDate> periods(DateGrouping grouping, DayRange days) {
    return grouping == DateGrouping.NONE ? Stream.of(days.first()) : days.periods(grouping);
  }

  /** Whether a task has to ask for its control: when no task before it has asked for it. */
  private static boolean asksControl(FetchTask task, Set<String> asked) {
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
    boolean known = asked.containsAll(keys);
    asked.addAll(keys);
    return !task.isControl() && !known;
  }

  /**
   * The most that a run of so many requests comes to when every retry it has is used.
   *
   * @param questions sites and reports, each of which has retries of its own
   */
  static long withRetries(long requests, long questions) {
    return requests + RetryBudget.granted(questions, requests);
  }

  /** Whole minutes that the quota makes so many requests take, at the least. */
  long minutes(long requests) {
    return requests == 0 ? 0 : (requests + requestsPerMinute - 1) / requestsPerMinute - 1;
  }

  /** What listeners are told of a run before it begins. */
  PlannedRun planned(ExportSpec spec, Plan plan, List<SiteId> sites) {
    List<Cost> costs = of(plan);
    Map<String, Long> windows = new HashMap<>();
    for (Cost cost : costs) {
      long requests = cost.likely();
      for (Report report : cost.task().reports()) {
        windows.put(cost.task().window(report).id(), requests);
        requests = 0;
      }
    }
    return new PlannedRun(
        spec.runId(),
        spec.pipeline(),
        spec.command(),
        spec.startedAt(),
        plan.windows(),
        costs.stream().mapToLong(Cost::least).sum(),
        costs.stream().mapToLong(Cost::likely).sum(),
        requestsPerMinute,
        windows,
        sites,
        plan.tasks().stream().map(FetchTask::days).reduce(DayRange::span).orElse(null));
  }
}
