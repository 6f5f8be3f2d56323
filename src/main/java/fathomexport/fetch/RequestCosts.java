package fathomexport.fetch;

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
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import fathomexport.report.Window;
import fathomexport.run.ExportSpec;
import fathomexport.run.PlannedRun;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

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
  private final Map<String, Limits> accounts;
  private final int maxRangeDays;

  /**
   * @param accounts the limits of each account, by its name
   */
  public RequestCosts(ExpectedRows expected, Map<String, Limits> accounts, int maxRangeDays) {
    this.expected = expected;
    this.accounts = Map.copyOf(accounts);
    this.maxRangeDays = maxRangeDays;
  }

  /** The quota and the rows per request of an account. */
  public record Limits(int requestsPerMinute, int rowLimit) {}

  private Limits limits(String account) {
    return Objects.requireNonNull(accounts.get(account), account);
  }

  /**
   * The purposes of a task's likely requests.
   *
   * @param control control totals, unless an earlier task queries them
   * @param first first pages of the ranges
   * @param further further pages of the same ranges, which have more rows or are wider than one
   *     response
   * @param partitions partitions of periods that exceed the limit
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
   * The requests of one task.
   *
   * @param least requests at least: fewer cannot complete the task
   * @param kinds likely requests, by purpose
   * @param most requests at most
   * @param rows expected rows; empty if nothing is stored of any of its reports
   * @param split periods that exceed the limit, with their rows
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

  /**
   * Returns the costs of the plan's tasks, in plan order.
   *
   * @param known control totals that a run of this plan would not query
   */
  public List<Cost> of(Plan plan, ControlBook known) {
    Set<String> controls = new HashSet<>();
    Set<String> halved = new HashSet<>();
    List<Cost> costs = new ArrayList<>();
    for (FetchTask task : plan.tasks()) {
      costs.add(cost(task, asksControl(task, controls, known), halved.add(task.shape().key())));
    }
    return costs;
  }

  private Cost cost(FetchTask task, boolean asksControl, boolean firstOfShape) {
    int width = width(task.shape().dateGrouping());
    int rowLimit = limits(task.site().account()).rowLimit();
    ToDoubleFunction<LocalDate> rows = p -> rows(task, p).orElse(0);
    ToDoubleFunction<LocalDate> controlRows =
        p -> task.shape().dateGrouping() == DateGrouping.HOUR ? HOURS : 1;
    DayRange control = task.control().days();
    // Assume that stored periods are confirmed and that inactive slices stay inactive.
    List<DayRange> asked =
        Segment.cut(task, p -> kind(task, p), rows, rowLimit, width).stream()
            .filter(s -> s.kind() == Segment.Kind.FETCH)
            .map(Segment::days)
            .toList();
    // Rows may always turn out to need no request, unless they are their own control.
    long least = task.isControl() ? leastPages(task, task.days(), maxRangeDays) : 0;
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
      leastControl = leastPages(task, control, maxRangeDays);
      likelyControl = pages(task, control, rowLimit, width, controlRows).pages();
    }
    long partitions = partitions(full, rowLimit);
    // One refused range, and the single period that probes a refusal without a stated cause.
    long refusals = firstOfShape && task.days().days() > 1 ? 2 : 0;
    // An empty period is queried once more, by the first task that finds it.
    long silences = task.isControl() || asksControl ? task.periods().size() : 0;
    return new Cost(
        task,
        least + leastControl,
        new Kinds(likelyControl, asked.size(), pages - asked.size(), partitions),
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

  private static Segment.Kind kind(FetchTask task, LocalDate period) {
    HeldPeriod held = task.held().get(period);
    if (held != null && held.controlDigest() != null && !period.equals(task.audit())) {
      return Segment.Kind.CONFIRM;
    }
    return !task.isControl() && (held == null || held.rows() == 0) && isQuiet(task, period)
        ? Segment.Kind.SILENT
        : Segment.Kind.FETCH;
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

  /** Returns the number of pages of a range if no response is full. */
  static long leastPages(FetchTask task, DayRange days, int maxRangeDays) {
    int width =
        task.shape().dateGrouping() == DateGrouping.HOUR ? WindowPlanner.HOUR_DAYS : maxRangeDays;
    return pages(task, days, Integer.MAX_VALUE, width, p -> 0).pages();
  }

  /** Returns the pages of a range, paged through as in a run, with the expected rows. */
  private static PageCount pages(
      FetchTask task, DayRange days, int limit, int width, ToDoubleFunction<LocalDate> rows) {
    return PageCount.of(task.shape().dateGrouping(), days, limit, width, rows);
  }

  /**
   * Returns whether a task must query its control: it needs one, and neither an earlier task
   * queries it nor is it known.
   *
   * @param asked the periods whose totals earlier tasks query; extended by those of this task
   */
  private static boolean asksControl(FetchTask task, Set<String> asked, ControlBook known) {
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

  /** Returns the least whole minutes that an account's quota allows for so many requests. */
  public long minutes(String account, long requests) {
    return minutes(requests, limits(account).requestsPerMinute());
  }

  /**
   * Returns the least whole minutes that the quotas allow for the requests of each account: the
   * accounts are asked side by side.
   */
  public long minutes(Map<String, Long> requests) {
    return requests.entrySet().stream()
        .mapToLong(e -> minutes(e.getKey(), e.getValue()))
        .max()
        .orElse(0);
  }

  /** Returns the likely requests of each account. */
  public static Map<String, Long> byAccount(List<Cost> costs) {
    return costs.stream()
        .collect(
            Collectors.groupingBy(
                cost -> cost.task().site().account(),
                LinkedHashMap::new,
                Collectors.summingLong(Cost::likely)));
  }

  /**
   * Returns the requests per minute of all accounts together, while the one that takes longest is
   * not done.
   */
  private int perMinute(Map<String, Long> requests) {
    double longest =
        requests.entrySet().stream()
            .mapToDouble(e -> (double) e.getValue() / limits(e.getKey()).requestsPerMinute())
            .max()
            .orElse(0);
    long all = requests.values().stream().mapToLong(n -> n).sum();
    return longest == 0
        ? accounts.values().stream().mapToInt(Limits::requestsPerMinute).min().orElse(1)
        : Math.toIntExact(Math.max(1, Math.min(Integer.MAX_VALUE, Math.round(all / longest))));
  }

  /** Returns the least whole minutes that a quota allows for so many requests. */
  public static long minutes(long requests, int requestsPerMinute) {
    return requests == 0 ? 0 : (requests + requestsPerMinute - 1) / requestsPerMinute - 1;
  }

  /** Formats minutes for people: in hours from two hours on, where a minute means nothing. */
  public static String inWords(long minutes) {
    if (minutes == 0) {
      return "less than a minute";
    }
    return minutes < 120 ? minutes + " min" : Math.round(minutes / 60.0) + " h";
  }

  /** Returns what listeners receive about a run before it begins. */
  public PlannedRun planned(ExportSpec spec, Plan plan, ControlBook known, List<Site> sites) {
    List<Cost> costs = of(plan, known);
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
        perMinute(byAccount(costs)),
        windows,
        sites.stream().map(Site::id).toList(),
        accountsOf(sites),
        plan.tasks().stream().map(FetchTask::days).reduce(DayRange::span).orElse(null));
  }

  /** Returns the accounts of sites; none if the settings configure none. */
  public static Map<SiteId, String> accountsOf(List<Site> sites) {
    return sites.stream()
        .filter(site -> !site.account().isEmpty())
        .collect(Collectors.toMap(Site::id, Site::account, (a, b) -> a));
  }
}
