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
 * Before silence about days replaces rows that are stored, or breaks off what went on day by day,
 * the same is asked as one total, of neighbouring days together: an answer may be silent for
 * another reason than that there was nothing. The reports on one control share the question.
 */
final class EmptinessCheck {
  private final FetchContext context;
  private final FetchTask task;
  private final Tally tally;
  private final Aggregate measure;

  /**
   * @param tally counts what the questions cost
   */
  EmptinessCheck(FetchContext context, FetchTask task, Tally tally) {
    this.context = context;
    this.task = task;
    this.tally = tally;
    this.measure = Aggregate.additiveOf(task.shape().entity()).get(0);
  }

  /** Whether an ungrouped answer says that there was nothing. */
  static boolean isSilent(FetchTask task, PeriodTotals.Total total) {
    return total.rows() == 0
        || (task.shape().dateGrouping() == DateGrouping.NONE
            && Aggregate.additiveOf(task.shape().entity()).stream()
                .allMatch(a -> total.sum(a) == 0));
  }

  /**
   * Asks for totals where an ungrouped answer's silence is in doubt.
   *
   * @param answer what it says
   * @param days what it is about
   * @return the periods whose silence is contradicted
   */
  Map<LocalDate, Certifier.Fault> faults(PeriodTotals answer, DayRange days)
      throws FetchFailedException, IOException {
    return faults(doubtful(answer, days), days);
  }

  /** Asks for totals of periods that came out empty. */
  Map<LocalDate, Certifier.Fault> faults(Set<LocalDate> empty, DayRange days)
      throws FetchFailedException, IOException {
    Map<LocalDate, Certifier.Fault> faults = new HashMap<>();
    List<LocalDate> silent = new ArrayList<>(new TreeSet<>(empty));
    int begin = 0;
    while (begin < silent.size()) {
      int end = begin;
      while (end + 1 < silent.size()
          && silent.get(end + 1).equals(endOf(silent.get(end), days).plusDays(1))) {
        end++;
      }
      List<LocalDate> run = silent.subList(begin, end + 1);
      contradiction(new DayRange(run.get(0), endOf(run.get(run.size() - 1), days)))
          .ifPresent(reason -> run.forEach(p -> faults.put(p, new Certifier.Fault(reason, false))));
      begin = end + 1;
    }
    return faults;
  }

  private Set<LocalDate> doubtful(PeriodTotals answer, DayRange days) {
    Set<LocalDate> silent =
        periods(days).stream()
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
   * The silence at the end of the days, when it is new and each of the few periods before it that
   * are known had traffic. Silence in between, with traffic behind it, is no answer cut short.
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

  private List<LocalDate> periods(DayRange days) {
    return task.shape().dateGrouping() == DateGrouping.NONE
        ? List.of(days.first())
        : days.periods(task.shape().dateGrouping()).toList();
  }

  private LocalDate endOf(LocalDate period, DayRange days) {
    LocalDate end =
        task.shape().dateGrouping() == DateGrouping.NONE
            ? days.last()
            : task.shape().dateGrouping().periodEnd(period);
    return end.isAfter(days.last()) ? days.last() : end;
  }

  /** What the total of a silent range says against the silence; empty when it agrees. */
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
      // Here the silent answer is this total itself, so what is known of it proves nothing.
      totals.ask(range);
    }
    PeriodTotals.Total total = totals.get(range).of(range.first());
    if (total.rows() > 0 && total.sum(measure) == 0) {
      return Optional.empty();
    }
    return Optional.of(
        total.rows() == 0
            ? "the answer had no rows, and neither had the total, which always has one"
            : "the answer had no rows, but the total of "
                + range
                + " counts "
                + total.sum(measure)
                + " "
                + measure.apiName());
  }
}
