package fathomexport.cost;

import fathomexport.fetch.control.ControlBook;
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
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.ToDoubleFunction;

/**
 * Estimates the requests of a plan by running the pager with the expected rows.
 *
 * <p>Least: the control queries alone, since a control that reports nothing, or confirms what is
 * stored, ends its task; no response is full. Likely: with the rows that the ledger has recorded.
 * Most: in addition, every stored day has changed, each query's range is refused once and halved,
 * each page and its control are requested once more, each period is empty and is queried once more,
 * each query that fails for good gets its second turn, and every retry of each site and report is
 * used. None of them includes what cannot be known: a row cap below the limit, and days that reach
 * the limit for the first time.
 */
public final class RequestCosts {
  private static final int HOURS = 24;

  /** Turns at the end of the run for a query that failed in spite of its retries. */
  private static final int SECOND_TURN = 1;

  private final ExpectedRows expected;
  private final AccountQuotas quotas;
  private final int maxRangeDays;

  public RequestCosts(ExpectedRows expected, AccountQuotas quotas, int maxRangeDays) {
    this.expected = expected;
    this.quotas = quotas;
    this.maxRangeDays = maxRangeDays;
  }

  /** Returns the quotas that the requests count against. */
  public AccountQuotas quotas() {
    return quotas;
  }

  /**
   * Returns the costs of the plan's tasks, in plan order.
   *
   * @param known control totals that a run of this plan would not query
   */
  public List<TaskCost> of(Plan plan, ControlBook known) {
    AskedControls controls = new AskedControls(known);
    Set<String> halved = new HashSet<>();
    List<TaskCost> costs = new ArrayList<>();
    for (FetchTask task : plan.tasks()) {
      costs.add(cost(task, controls.asks(task), halved.add(task.shape().key())));
    }
    return costs;
  }

  private TaskCost cost(FetchTask task, boolean asksControl, boolean firstOfShape) {
    int width = width(task.shape().dateGrouping());
    int rowLimit = quotas.rowLimit(task.site().account());
    ToDoubleFunction<LocalDate> rows = p -> rows(task, p).orElse(0);
    ToDoubleFunction<LocalDate> controlRows =
        p -> task.shape().dateGrouping() == DateGrouping.HOUR ? HOURS : 1;
    DayRange control = task.control().days();
    // Assume that stored periods are confirmed and that inactive slices stay inactive.
    List<DayRange> asked =
        Segment.cut(task, p -> kind(task, p), rows, rowLimit, width).stream()
            .filter(s -> s.kind() == Segment.Treatment.FETCH)
            .map(Segment::days)
            .toList();
    // Rows may always turn out to need no request, unless they are their own control.
    long least = task.isControl() ? PageCount.least(task, task.days(), maxRangeDays) : 0;
    long pages = 0;
    List<PageCount.Full> full = new ArrayList<>();
    for (DayRange days : asked) {
      PageCount likely = pages(task, days, rowLimit, width, rows);
      pages += likely.pages();
      full.addAll(likely.full());
    }
    // Assume that every stored period has changed.
    PageCount moved = pages(task, task.days(), rowLimit, Math.max(1, width / 2), rows);
    long leastControl = 0;
    long likelyControl = 0;
    if (asksControl) {
      leastControl = PageCount.least(task, control, maxRangeDays);
      likelyControl = pages(task, control, rowLimit, width, controlRows).pages();
    }
    long partitions = partitions(full, rowLimit);
    // One refused range, and the single period that probes a refusal without a stated cause.
    long refusals = firstOfShape && task.days().days() > 1 ? 2 : 0;
    // An empty period is queried once more, by the first task that finds it.
    long silences = task.isControl() || asksControl ? task.periods().size() : 0;
    return new TaskCost(
        task,
        least + leastControl,
        new RequestKinds(likelyControl, asked.size(), pages - asked.size(), partitions),
        SECOND_TURN
            + 2 * (moved.pages() + partitions(moved.full(), rowLimit))
            + (task.isControl() ? 0 : 2 * likelyControl + moved.pages())
            + silences
            + refusals,
        total(task, asked),
        full);
  }

  private static long partitions(List<PageCount.Full> full, int rowLimit) {
    return full.stream().mapToLong(f -> 1 + f.rows() / rowLimit + 1).sum();
  }

  private static Segment.Treatment kind(FetchTask task, LocalDate period) {
    HeldPeriod held = task.held().get(period);
    if (held != null && held.controlDigest() != null && !period.equals(task.audit())) {
      return Segment.Treatment.CONFIRM;
    }
    return !task.isControl() && (held == null || held.rows() == 0) && isQuiet(task, period)
        ? Segment.Treatment.SILENT
        : Segment.Treatment.FETCH;
  }

  /** Returns whether the last few periods before this one are stored without rows. */
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

  /** Returns the expected rows of the requested periods, over all reports of the task. */
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

  /** Returns the pages of a range, paged through as in a run, with the expected rows. */
  private static PageCount pages(
      FetchTask task, DayRange days, int limit, int width, ToDoubleFunction<LocalDate> rows) {
    return PageCount.of(task.shape().dateGrouping(), days, limit, width, rows);
  }
}
