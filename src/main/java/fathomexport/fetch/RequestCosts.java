package fathomexport.fetch;

import fathomexport.plan.FetchTask;
import fathomexport.plan.HeldPeriod;
import fathomexport.plan.History;
import fathomexport.plan.PageCount;
import fathomexport.plan.Plan;
import fathomexport.plan.Segment;
import fathomexport.plan.WindowPlanner;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.run.ExportSpec;
import fathomexport.run.PlannedRun;
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

/**
 * What a plan's requests come to, by running the pager over as many rows as are expected.
 *
 * <p>Least: no answer is full, no stored day has moved, and the API does nothing unexpected.
 * Likely: with the rows that the ledger has seen. Most: besides, every stored day has moved, the
 * range of each question is refused once and halved, each page and its control are asked once more,
 * each period falls silent and is asked once more, each question that fails for good has its second
 * turn, and every retry of each site and report is used. What nobody can know is in none of them: a
 * row cap below the limit, and days that reach the limit for the first time.
 */
public final class RequestCosts {
  private static final int HOURS = 24;

  /** What has failed, retries included, is asked once more at the end of the run. */
  private static final int SECOND_TURN = 1;

  private final ExpectedRows expected;
  private final int requestsPerMinute;
  private final int rowLimit;
  private final int maxRangeDays;

  public RequestCosts(
      ExpectedRows expected, int requestsPerMinute, int rowLimit, int maxRangeDays) {
    this.expected = expected;
    this.requestsPerMinute = requestsPerMinute;
    this.rowLimit = rowLimit;
    this.maxRangeDays = maxRangeDays;
  }

  /**
   * What a task's likely requests are for.
   *
   * @param control totals that its rows must add up to, where no task before it has asked for them
   * @param first pages of ranges that are asked for
   * @param further pages of the same ranges: they have more rows, or are wider, than one answer
   * @param partitions of periods that alone reach the limit
   */
  public record Kinds(long control, long first, long further, long partitions) {
    public static final Kinds NONE = new Kinds(0, 0, 0, 0);

    public long total() {
      return control + first + further + partitions;
    }

    public Kinds plus(Kinds b) {
      return new Kinds(
          control + b.control, first + b.first, further + b.further, partitions + b.partitions);
    }
  }

  /**
   * What one task comes to.
   *
   * @param rows empty when nothing is stored of any of its reports
   * @param split periods that alone reach the limit, with their rows
   */
  public record Cost(
      FetchTask task,
      long least,
      Kinds kinds,
      long most,
      OptionalDouble rows,
      List<PageCount.Full> split) {
    public long likely() {
      return kinds.total();
    }
  }

  /** The plan's tasks, in its order. */
  public List<Cost> of(Plan plan) {
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
    // What is stored is confirmed, and what has been silent stays so.
    List<DayRange> asked =
        Segment.cut(task, p -> kind(task, p), rows, rowLimit, width).stream()
            .filter(s -> s.kind() == Segment.Kind.FETCH)
            .map(Segment::days)
            .toList();
    long least = 0;
    long pages = 0;
    List<PageCount.Full> full = new ArrayList<>();
    for (DayRange days : asked) {
      least += walk(task, days, Integer.MAX_VALUE, width, p -> 0).pages();
      PageCount likely = walk(task, days, rowLimit, width, rows);
      pages += likely.pages();
      full.addAll(likely.full());
    }
    // Everything has moved.
    PageCount moved = walk(task, task.days(), rowLimit, Math.max(1, width / 2), rows);
    long leastControl = 0;
    long likelyControl = 0;
    if (asksControl) {
      leastControl = walk(task, control, Integer.MAX_VALUE, width, p -> 0).pages();
      likelyControl = walk(task, control, rowLimit, width, controlRows).pages();
    }
    long partitions = partitions(full);
    // A refused range, and the single period that puts a vague refusal to the proof.
    long refusals = firstOfShape && task.days().days() > 1 ? 2 : 0;
    // A silence is asked once more, by the first that comes upon it.
    long silences = task.isControl() || asksControl ? task.periods().size() : 0;
    return new Cost(
        task,
        least + leastControl,
        new Kinds(likelyControl, asked.size(), pages - asked.size(), partitions),
        SECOND_TURN
            + 2 * (moved.pages() + partitions(moved.full()))
            + (task.isControl() ? 0 : 2 * likelyControl + moved.pages())
            + silences
            + refusals,
        total(task, asked),
        full);
  }

  private long partitions(List<PageCount.Full> full) {
    return full.stream().mapToLong(f -> 1 + f.rows() / rowLimit + 1).sum();
  }

  private static Segment.Kind kind(FetchTask task, LocalDate period) {
    HeldPeriod held = task.held().get(period);
    if (held != null && held.controlDigest() != null && !period.equals(task.audit())) {
      return Segment.Kind.CONFIRM;
    }
    return !task.isControl() && (held == null || held.rows() == 0) && isQuiet(task, period)
        ? Segment.Kind.SILENT
        : Segment.Kind.FETCH;
  }

  /** Whether the last few periods before this one were measured, and had nothing. */
  private static boolean isQuiet(FetchTask task, LocalDate period) {
    DateGrouping grouping = task.shape().dateGrouping();
    if (grouping == DateGrouping.NONE) {
      return false;
    }
    LocalDate at = period;
    for (int i = 0; i < History.PERIODS; i++) {
      at = grouping.periodStart(at.minusDays(1));
      if (!task.history().stored().contains(at) || task.history().active().contains(at)) {
        return false;
      }
    }
    return true;
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

  /** Rows of all the task's windows that are asked for. */
  private OptionalDouble total(FetchTask task, List<DayRange> asked) {
    List<LocalDate> periods =
        task.periods().stream().filter(p -> asked.stream().anyMatch(d -> d.contains(p))).toList();
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
    return walk(task, days, Integer.MAX_VALUE, width, p -> 0).pages();
  }

  /** Pages through a range as a run does, with answers of as many rows as are expected. */
  private static PageCount walk(
      FetchTask task, DayRange days, int limit, int width, ToDoubleFunction<LocalDate> rows) {
    return PageCount.of(task.shape().dateGrouping(), days, limit, width, rows);
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

  /** Whole minutes that the quota makes so many requests take, at the least. */
  public long minutes(long requests) {
    return requests == 0 ? 0 : (requests + requestsPerMinute - 1) / requestsPerMinute - 1;
  }

  /** What listeners are told of a run before it begins. */
  public PlannedRun planned(ExportSpec spec, Plan plan, List<SiteId> sites) {
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
