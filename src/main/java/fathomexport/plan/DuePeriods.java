package fathomexport.plan;

import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Report;
import fathomexport.report.Site;
import fathomexport.report.Slice;
import java.time.LocalDate;
import java.util.NavigableSet;
import java.util.TreeSet;

/** Decides which periods of a report and slice are due. */
final class DuePeriods {
  private final PlanInputs inputs;

  DuePeriods(PlanInputs inputs) {
    this.inputs = inputs;
  }

  /** The due periods, and how many more would be due if the site could have data for them. */
  record Due(NavigableSet<LocalDate> periods, long skipped, long outlived) {}

  /**
   * Returns the first days of the periods to fetch, without those before the site can have data.
   */
  Due due(Report report, Slice slice, Site site, LocalDate over) {
    NavigableSet<LocalDate> due = wanted(report, slice, site, over);
    if (report.dateGrouping() == DateGrouping.NONE) {
      // The range is one period: it is skipped only if it ends before the site can have data.
      return due.isEmpty() || !due.last().isBefore(site.firstDay())
          ? new Due(due, 0, 0)
          : new Due(new TreeSet<>(), 1, 0);
    }
    NavigableSet<LocalDate> old = due.headSet(inputs.firstKept(report), false);
    long outlived = old.size();
    old.clear();
    LocalDate first = report.dateGrouping().periodStart(site.firstDay());
    NavigableSet<LocalDate> before = due.headSet(first, false);
    long skipped = before.size();
    before.clear();
    return new Due(due, skipped, outlived);
  }

  private NavigableSet<LocalDate> wanted(Report report, Slice slice, Site site, LocalDate over) {
    NavigableSet<LocalDate> due = new TreeSet<>();
    if (inputs.mode() instanceof Mode.Backfill backfill) {
      if (!backfill.days().first().isAfter(over)) {
        LocalDate to = PlanInputs.earlier(backfill.days().last(), over);
        DayRange asked = new DayRange(backfill.days().first(), to);
        addDue(due, report, slice, site, asked, over, false);
      }
    } else if (inputs.mode() instanceof Mode.Nightly nightly) {
      DayRange recent = new DayRange(over.minusDays(nightly.lookbackDays()), over);
      addDue(due, report, slice, site, recent, over, true);
      if (!inputs.usual() && report.dateGrouping() != DateGrouping.NONE) {
        due.addAll(gaps(report, slice, recent.first(), over));
      }
    }
    return due;
  }

  private void addDue(
      NavigableSet<LocalDate> due,
      Report report,
      Slice slice,
      Site site,
      DayRange asked,
      LocalDate over,
      boolean daily) {
    DateGrouping grouping = report.dateGrouping();
    if (grouping == DateGrouping.NONE) {
      Held held = inputs.holdingsOf(report).of(slice, asked.first(), asked.last()).orElse(null);
      if (held == null
          || isFetchedAgain(held, daily)
          || !Staleness.current(held, report, site)
          || (daily && !fetchedToday(held, site))) {
        // Add both ends, since the range is derived from the set's first and last element.
        due.add(asked.first());
        due.add(asked.last());
      }
      return;
    }
    asked
        .periods(grouping)
        .forEach(
            period -> {
              LocalDate covers = PlanInputs.earlier(grouping.periodEnd(period), over);
              Held held = inputs.holdingsOf(report).of(slice, period, covers).orElse(null);
              if (held == null
                  || isFetchedAgain(held, daily)
                  || held.coversTo().isBefore(covers)
                  || !Staleness.current(held, report, site)
                  || (daily && !fetchedToday(held, site))) {
                due.add(period);
              }
            });
  }

  /** Returns whether a period is due although it is complete. */
  private boolean isFetchedAgain(Held held, boolean daily) {
    return inputs.mode().fetchesAgain(held.fetchedAt()) || (daily && inputs.usual());
  }

  private boolean fetchedToday(Held held, Site site) {
    return !held.knownAt().atZone(site.closingZone()).toLocalDate().isBefore(inputs.today(site));
  }

  /**
   * Returns missing periods before the look-back, after the earliest period that a sink has stored:
   * what a stopped scheduler left out. Includes periods that had no control for a reason that may
   * no longer apply. Goes back at most as far as the widest range of a request, so that a forgotten
   * backfill does not cause unexpected costs.
   */
  private NavigableSet<LocalDate> gaps(
      Report report, Slice slice, LocalDate lookback, LocalDate over) {
    NavigableSet<LocalDate> missing = new TreeSet<>();
    LocalDate earliest = inputs.holdingsOf(report).earliest(slice).orElse(lookback);
    LocalDate bound = inputs.reach(over);
    LocalDate from = earliest.isBefore(bound) ? bound : earliest;
    DateGrouping grouping = report.dateGrouping();
    for (LocalDate period = grouping.periodStart(from);
        period.isBefore(grouping.periodStart(lookback));
        period = grouping.periodEnd(period).plusDays(1)) {
      LocalDate covers = grouping.periodEnd(period);
      Held held = inputs.holdingsOf(report).of(slice, period, covers).orElse(null);
      if (held == null || held.askAgain() || held.coversTo().isBefore(covers)) {
        missing.add(period);
      }
    }
    return missing;
  }
}
