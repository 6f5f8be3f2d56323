package fathomexport.fetch;

import fathomexport.certify.Certifier;
import fathomexport.certify.PeriodTotals;
import fathomexport.plan.ControlQuery;
import fathomexport.plan.FetchTask;
import fathomexport.plan.HeldPeriod;
import fathomexport.plan.History;
import fathomexport.report.Aggregate;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.QueryShape;
import fathomexport.run.FetchFailedException;
import java.io.IOException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Verifies that days without rows are really empty. Before an empty response replaces stored rows,
 * or ends a run of active days, one total over the adjacent empty days is queried: a response may
 * be empty for another reason than that there was no traffic. Reports with the same control share
 * the query.
 */
final class EmptinessCheck {
  private final FetchContext context;
  private final FetchTask task;
  private final Tally tally;
  private final Aggregate measure;

  /**
   * @param tally counts the requests of this check
   */
  EmptinessCheck(FetchContext context, FetchTask task, Tally tally) {
    this.context = context;
    this.task = task;
    this.tally = tally;
    this.measure = Aggregate.additiveOf(task.shape().entity()).get(0);
  }

  /** Returns whether an ungrouped total reports no traffic. */
  static boolean isSilent(FetchTask task, PeriodTotals.Total total) {
    return total.rows() == 0
        || (task.shape().dateGrouping() == DateGrouping.NONE
            && Aggregate.additiveOf(task.shape().entity()).stream()
                .allMatch(a -> total.sum(a) == 0));
  }

  /**
   * Queries totals where an ungrouped response is empty and that is in doubt.
   *
   * @param answer the totals of the response
   * @param days the days of the response
   * @return the periods that are not empty according to their total
   */
  Map<LocalDate, Certifier.Fault> faults(PeriodTotals answer, DayRange days)
      throws FetchFailedException, IOException {
    return faults(doubtful(answer, days), days);
  }

  /**
   * Queries totals of empty periods, one per run of adjacent periods.
   *
   * @return the periods that are not empty according to their total
   */
  Map<LocalDate, Certifier.Fault> faults(Set<LocalDate> empty, DayRange days)
      throws FetchFailedException, IOException {
    DateGrouping grouping = task.shape().dateGrouping();
    Map<LocalDate, Certifier.Fault> faults = new HashMap<>();
    List<LocalDate> silent = new ArrayList<>(new TreeSet<>(empty));
    int begin = 0;
    while (begin < silent.size()) {
      int end = begin;
      while (end + 1 < silent.size()
          && silent.get(end + 1).equals(grouping.periodEnd(silent.get(end), days).plusDays(1))) {
        end++;
      }
      List<LocalDate> run = silent.subList(begin, end + 1);
      contradiction(new DayRange(run.get(0), grouping.periodEnd(run.get(run.size() - 1), days)))
          .ifPresent(reason -> run.forEach(p -> faults.put(p, new Certifier.Fault(reason, false))));
      begin = end + 1;
    }
    return faults;
  }

  private Set<LocalDate> doubtful(PeriodTotals answer, DayRange days) {
    Set<LocalDate> silent =
        task.shape()
            .dateGrouping()
            .periods(days)
            .filter(p -> isSilent(task, answer.of(p)))
            .collect(Collectors.toSet());
    Set<LocalDate> doubtful = new TreeSet<>(suddenEnd(silent, days));
    silent.stream().filter(this::hasRows).forEach(doubtful::add);
    return doubtful;
  }

  private boolean hasRows(LocalDate period) {
    HeldPeriod held = task.held().get(period);
    return task.history().active().contains(period) || (held != null && held.rows() > 0);
  }

  /**
   * Returns the empty periods at the end of the days if none of them is stored and each known
   * period among the {@link History#PERIODS} before them had traffic. Empty periods followed by
   * traffic are not a truncated response.
   */
  private Set<LocalDate> suddenEnd(Set<LocalDate> silent, DayRange days) {
    Set<LocalDate> end = new TreeSet<>();
    DateGrouping grouping = task.shape().dateGrouping();
    if (grouping == DateGrouping.NONE || silent.isEmpty()) {
      return end;
    }
    History history = task.history();
    LocalDate at = grouping.periodStart(days.last());
    while (!at.isBefore(days.first()) && silent.contains(at) && !history.stored().contains(at)) {
      end.add(at);
      at = grouping.periodStart(at.minusDays(1));
    }
    boolean active = false;
    for (int i = 0; i < History.PERIODS; i++) {
      if (history.active().contains(at) || (days.contains(at) && !silent.contains(at))) {
        active = true;
      } else if (days.contains(at) || history.stored().contains(at)) {
        return new TreeSet<>();
      }
      at = grouping.periodStart(at.minusDays(1));
    }
    return active ? end : new TreeSet<>();
  }

  /**
   * Returns how the total of an empty range contradicts its emptiness; empty if the total agrees.
   */
  private Optional<String> contradiction(DayRange range) throws FetchFailedException, IOException {
    QueryShape shape =
        new QueryShape(
            task.shape().entity(),
            Aggregate.additiveOf(task.shape().entity()),
            DateGrouping.NONE,
            List.of(),
            task.shape().filters());
    ControlQuery query = new ControlQuery(task.slice(), shape, range);
    ControlTotals totals = new ControlTotals(context, query, null, tally);
    if (task.shape().dateGrouping() == DateGrouping.NONE && context.book().doubt(query)) {
      // Here the empty response is this total itself, so its cached value proves nothing.
      totals.ask(range);
    }
    PeriodTotals.Total total = totals.get(range).of(range.first());
    if (total.rows() > 0 && total.sum(measure) == 0) {
      return Optional.empty();
    }
    return Optional.of(
        total.rows() == 0
            ? "the answer had no rows, and the query for the total had none either, although it"
                + " always returns one row"
            : "the answer had no rows, but the query for the total of "
                + range
                + " returned "
                + total.sum(measure)
                + " "
                + measure.apiName());
  }
}
