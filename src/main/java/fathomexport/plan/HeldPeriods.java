package fathomexport.plan;

import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.Site;
import fathomexport.report.Slice;
import java.time.LocalDate;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/** Reads from the holdings what a task replaces, and what a confirmation may rest on. */
final class HeldPeriods {
  private final PlanInputs inputs;

  HeldPeriods(PlanInputs inputs) {
    this.inputs = inputs;
  }

  /** Returns what the reports with this control have stored, from a few periods before it on. */
  History history(
      Slice slice, DateGrouping grouping, Collection<List<Report>> shapes, DayRange control) {
    Set<LocalDate> stored = new TreeSet<>();
    Set<LocalDate> active = new TreeSet<>();
    if (grouping != DateGrouping.NONE) {
      LocalDate from = control.first();
      for (int i = 0; i < History.PERIODS; i++) {
        from = grouping.periodStart(from.minusDays(1));
      }
      DayRange seen = new DayRange(from, control.last());
      for (List<Report> sharing : shapes) {
        for (Report report : sharing) {
          for (Held held : inputs.holdingsOf(report).all(slice)) {
            if (seen.contains(held.period())) {
              stored.add(held.period());
              if (held.rows() > 0) {
                active.add(held.period());
              }
            }
          }
        }
      }
    }
    return new History(stored, active);
  }

  /** Returns the stored periods that a task would replace. */
  Map<LocalDate, HeldPeriod> replaced(Site site, List<Report> sharing, Slice slice, DayRange days) {
    Map<LocalDate, HeldPeriod> held = new HashMap<>();
    if (inputs.usual()) {
      boolean confirmed =
          !inputs.lookback().sites().contains(site.id())
              && sharing.stream().noneMatch(r -> inputs.lookback().reports().contains(r.name()));
      DateGrouping grouping = sharing.get(0).dateGrouping();
      if (confirmed && grouping != DateGrouping.NONE) {
        days.periods(grouping)
            .filter(p -> grouping.periodEnd(p).isBefore(days.last()))
            .forEach(p -> held.put(p, new HeldPeriod(1, "usual", true)));
      }
      return held;
    }
    Map<LocalDate, Integer> holders = new HashMap<>();
    for (Report report : sharing) {
      boolean byRange = report.dateGrouping() == DateGrouping.NONE;
      for (Held h : inputs.holdingsOf(report).all(slice)) {
        boolean replaced =
            byRange
                ? days.equals(new DayRange(h.period(), h.coversTo()))
                : days.contains(h.period());
        if (replaced) {
          holders.merge(h.period(), 1, Integer::sum);
          held.merge(
              h.period(),
              new HeldPeriod(
                  h.rows(), confirmable(h, report, site) ? h.controlDigest() : null, true),
              (a, b) ->
                  new HeldPeriod(
                      Math.max(a.rows(), b.rows()),
                      Objects.equals(a.controlDigest(), b.controlDigest())
                          ? a.controlDigest()
                          : null,
                      true));
        }
      }
    }
    // A period that one of the reports lacks is fetched.
    held.replaceAll(
        (period, h) ->
            Objects.equals(holders.get(period), sharing.size())
                ? h
                : new HeldPeriod(h.rows(), null, false));
    return held;
  }

  /** Returns whether an unchanged response of the control may confirm what is held. */
  private boolean confirmable(Held held, Report report, Site site) {
    return inputs.mode() instanceof Mode.Nightly
        && !inputs.mode().force()
        && !inputs.lookback().reports().contains(report.name())
        && !inputs.lookback().sites().contains(site.id())
        && Staleness.current(held, report, site)
        && (report.dateGrouping() == DateGrouping.NONE
            || held.coversTo().equals(report.dateGrouping().periodEnd(held.period())));
  }
}
