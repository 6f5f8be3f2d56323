package fathomexport.fetch;

import fathomexport.certify.Certifier;
import fathomexport.certify.PeriodTotals;
import fathomexport.plan.ControlQuery;
import fathomexport.plan.FetchTask;
import fathomexport.plan.HeldPeriod;
import fathomexport.plan.PageCount;
import fathomexport.plan.RangeQuery;
import fathomexport.plan.Segment;
import fathomexport.plan.WindowPlanner;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.rows.RowSpool;
import fathomexport.run.FetchFailedException;
import java.io.IOException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The chunks of a task. Its control is queried first, unless it is known: what the control confirms
 * is not fetched, and periods for which it reports nothing need no further request. The rows form
 * one chunk or several: confirmed periods lie between them, and many requests are cut into chunks
 * of whole months, or on a worker each request into one of whole days. Each chunk is committed with
 * its own certificates, so that paid requests are committed soon and a killed run loses little.
 */
public final class ChunkedFetch {
  private final FetchContext context;
  private final FetchTask task;
  private final Tally tally = new Tally();
  private final EmptinessCheck emptiness;

  /** What is to be done with the task's periods; null before its control is known. */
  private @Nullable List<Segment> segments;

  private int at;
  private @Nullable ControlTotals control;
  private @Nullable PagedFetch paging;
  private String noControl = "";
  private LocalDate next;

  /** Periods for which the control reports nothing; below, those that a total contradicts. */
  private final Set<LocalDate> silent = new HashSet<>();

  private Map<LocalDate, Certifier.Fault> contradicted = Map.of();

  ChunkedFetch(FetchContext context, FetchTask task) {
    this.context = context;
    this.task = task;
    this.emptiness = new EmptinessCheck(context, task, tally);
    this.next = task.start();
  }

  /** Returns whether there are no further chunks. */
  public boolean done() {
    return next.isAfter(task.days().last());
  }

  /** Deletes the rows that belong to no returned chunk, after a failure or when the task ends. */
  public void drop() {
    PagedFetch rows = paging;
    if (rows != null) {
      rows.drop();
    }
  }

  /** Returns the part of the task that has not been fetched yet. */
  public FetchTask left() {
    return task.during(new DayRange(next, task.days().last()));
  }

  /**
   * Returns the requests still to send if no response is full and the API does nothing unexpected:
   * the rows of a task whose control is not known yet count as one range, although the control may
   * report that there are none.
   */
  public long expected() {
    List<Segment> known = segments;
    if (known != null) {
      return known.subList(at, known.size()).stream()
          .filter(s -> s.kind() == Segment.Treatment.FETCH)
          .mapToLong(s -> leastPages(s.days()))
          .sum();
    }
    if (task.isControl()) {
      return leastPages(left().days());
    }
    Optional<PeriodTotals> totals = context.book().find(task.control(), task.days());
    if (totals.isPresent()) {
      return ahead(segments(totals.get())).stream()
          .filter(s -> s.kind() == Segment.Treatment.FETCH)
          .mapToLong(s -> leastPages(s.days()))
          .sum();
    }
    boolean mayBeConfirmed = task.held().values().stream().anyMatch(h -> h.controlDigest() != null);
    return leastPages(task.control().days()) + (mayBeConfirmed ? 0 : leastPages(left().days()));
  }

  private long leastPages(DayRange days) {
    return PageCount.least(task, days, context.maxRangeDays());
  }

  /**
   * Fetches the next chunk. There is none after a failure: the caller then calls {@link #drop}.
   *
   * @throws FetchFailedException if the API gave no usable response
   * @throws IOException if rows cannot be spilled
   */
  public WindowFetcher.Chunk next() throws FetchFailedException, IOException {
    List<Segment> known = segments;
    if (known == null) {
      known = ahead(start());
      segments = known;
    }
    Segment segment = known.get(at);
    FetchTask part = during(segment.days());
    switch (segment.kind()) {
      case CONFIRM -> {
        WindowFetcher.Chunk confirmed =
            new WindowFetcher.Chunk.Confirmed(
                part, answers(part), answeredAt(part), tally.requests + tally.controlRequests);
        tally.startOver();
        went(part);
        return confirmed;
      }
      case SILENT -> {
        WindowFetcher.Chunk empty = new WindowFetcher.Chunk.Rows(empty(part));
        tally.startOver();
        went(part);
        return empty;
      }
      case FETCH -> {
        PagedFetch rows = paging;
        if (rows == null) {
          rows = pagesOf(segment.days());
          paging = rows;
        }
        Fetched fetched = fetch(rows);
        went(fetched.task());
        return new WindowFetcher.Chunk.Rows(fetched);
      }
    }
    throw new IllegalStateException("a segment of an unknown kind: " + segment);
  }

  private FetchTask during(DayRange days) {
    return days.equals(task.days()) ? task : task.during(days);
  }

  /** Advances past a chunk, and to the next segment if the chunk was the last of its segment. */
  private void went(FetchTask chunk) {
    next = chunk.days().last().plusDays(1);
    List<Segment> known = Objects.requireNonNull(segments);
    if (!next.isBefore(known.get(at).days().last().plusDays(1))) {
      at++;
      paging = null;
    }
  }

  /** Returns the segments without the days that are committed. */
  private List<Segment> ahead(List<Segment> all) {
    return all.stream()
        .filter(s -> !s.days().last().isBefore(next))
        .map(
            s ->
                s.days().contains(next)
                    ? new Segment(s.kind(), new DayRange(next, s.days().last()))
                    : s)
        .toList();
  }

  private List<Segment> start() throws FetchFailedException, IOException {
    context.book().makeCurrent(task.control());
    List<Segment> whole = List.of(new Segment(Segment.Treatment.FETCH, task.days()));
    if (task.isControl()) {
      return whole;
    }
    ControlTotals totals = new ControlTotals(context, task.control(), task.site().zone(), tally);
    noControl = totals.missing(task.days());
    if (!noControl.isEmpty()) {
      return whole;
    }
    control = totals;
    // Check all days of the control if they are known, so that the reports that share it share
    // the queries.
    DayRange all = task.control().days();
    DayRange known = context.book().find(task.control(), all).isPresent() ? all : task.days();
    Map<LocalDate, Certifier.Fault> faults = emptiness.faults(totals.get(known), known);
    PeriodTotals mine = totals.get(task.days());
    // A total that was queried again has replaced the cached control.
    faults.keySet().removeIf(p -> !EmptinessCheck.isSilent(task, mine.of(p)));
    contradicted = faults;
    task.periods().stream()
        .filter(p -> EmptinessCheck.isSilent(task, mine.of(p)))
        .forEach(silent::add);
    return segments(mine);
  }

  private List<Segment> segments(PeriodTotals totals) {
    Aggregate measure = Aggregate.additiveOf(task.shape().entity()).get(0);
    OptionalDouble usual = task.held().values().stream().mapToLong(HeldPeriod::rows).average();
    return Segment.cut(
        task,
        p -> kind(p, totals.of(p)),
        p -> {
          HeldPeriod held = task.held().get(p);
          return held != null ? held.rows() : usual.orElse((double) totals.of(p).sum(measure));
        },
        context.knowledge().limit(task.shape().key(), context.rowLimit()),
        task.shape().dateGrouping() == DateGrouping.HOUR
            ? WindowPlanner.HOUR_DAYS
            : context.maxRangeDays());
  }

  private Segment.Treatment kind(LocalDate period, PeriodTotals.Total total) {
    if (!contradicted.containsKey(period) && isUnmoved(period, total)) {
      return period.equals(task.audit()) ? Segment.Treatment.FETCH : Segment.Treatment.CONFIRM;
    }
    return EmptinessCheck.isSilent(task, total)
        ? Segment.Treatment.SILENT
        : Segment.Treatment.FETCH;
  }

  /**
   * Returns whether the control's response equals the one that all stored rows are certified
   * against.
   */
  private boolean isUnmoved(LocalDate period, PeriodTotals.Total total) {
    HeldPeriod held = task.held().get(period);
    return held != null
        && held.controlDigest() != null
        && held.controlDigest().equals(total.answer());
  }

  private Map<LocalDate, String> answers(FetchTask part) {
    Map<LocalDate, String> answers = new HashMap<>();
    for (LocalDate period : part.periods()) {
      HeldPeriod held = part.held().get(period);
      answers.put(period, Objects.requireNonNull(held == null ? null : held.controlDigest()));
    }
    return answers;
  }

  private Instant answeredAt(FetchTask part) {
    return Objects.requireNonNull(control).answeredAt(part.days());
  }

  private Fetched empty(FetchTask part) throws FetchFailedException, IOException {
    return new Fetched(
        part,
        new RowSpool(context.spillDirectory()),
        Objects.requireNonNull(control).get(part.days()),
        "",
        faultsOf(part),
        Set.of(),
        answeredAt(part),
        tally.requests,
        tally.controlRequests,
        0);
  }

  private Map<LocalDate, Certifier.Fault> faultsOf(FetchTask part) {
    Map<LocalDate, Certifier.Fault> faults = new HashMap<>(contradicted);
    faults.keySet().retainAll(part.periods());
    return faults;
  }

  private PagedFetch pagesOf(DayRange days) {
    return new PagedFetch(
        context,
        new RangeQuery(task.slice(), task.shape(), days, task.site().zone()),
        control,
        new RowSpool(context.spillDirectory()),
        tally);
  }

  private Fetched fetch(PagedFetch rows) throws FetchFailedException, IOException {
    ControlTotals by = control;
    PeriodTotals before = by == null ? new PeriodTotals() : by.get(task.days());
    if (task.isControl()) {
      ControlTotals.ask(context, new ControlQuery(task.slice(), task.shape(), task.days()), rows);
    } else {
      rows.run();
    }
    DayRange days = new DayRange(next, rows.end());
    FetchTask chunk = during(days);
    PeriodTotals totals = null;
    Set<LocalDate> unmoved = new HashSet<>();
    if (task.isControl()) {
      totals = rows.totals();
      emptiness.faults(totals, days).forEach(rows::fault);
      if (rows.faults().isEmpty()) {
        context.book().put(task.control(), days, totals, rows.tally().endedAt);
      }
    } else if (by != null) {
      PeriodTotals known = by.get(days);
      totals = known;
      faultsOf(chunk).forEach(rows::fault);
      // Periods that became empty when the control was queried again during the fetch.
      Set<LocalDate> emptied =
          chunk.periods().stream()
              .filter(p -> !silent.contains(p) && EmptinessCheck.isSilent(task, known.of(p)))
              .filter(p -> chunk.held().containsKey(p) && !rows.faults().containsKey(p))
              .collect(Collectors.toSet());
      emptiness.faults(emptied, days).forEach(rows::fault);
      chunk.periods().stream()
          .filter(p -> isUnmoved(p, before.of(p)) && isUnmoved(p, known.of(p)))
          .forEach(unmoved::add);
    } else {
      // No control confirms that these periods are empty: a total must, before they replace
      // stored rows.
      Set<LocalDate> emptied =
          chunk.held().entrySet().stream()
              .filter(held -> held.getValue().rows() > 0)
              .map(Map.Entry::getKey)
              .filter(p -> rows.totals().of(p).rows() == 0 && !rows.faults().containsKey(p))
              .collect(Collectors.toSet());
      emptiness.faults(emptied, days).forEach(rows::fault);
    }
    return rows.chunk(chunk, totals, noControl, unmoved);
  }
}
