package fathomexport.export;

import fathomexport.inspect.Explanation;
import fathomexport.ledger.LedgerException;
import fathomexport.ledger.Stretch;
import fathomexport.report.DayRange;
import fathomexport.report.Keep;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.run.ExportJob;
import fathomexport.run.RunListener;
import fathomexport.run.Selection;
import fathomexport.sink.Removal;
import fathomexport.sink.Sink;
import fathomexport.sink.SinkException;
import fathomexport.sinks.Sinks;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The periods of a job that are older than its pipeline keeps ({@code keep:}). */
final class Retention {
  private final ExportJob job;
  private final Instant now;
  private final int maxRangeDays;

  /**
   * @param now decides which days are over
   * @param maxRangeDays how far back a run fills gaps
   */
  Retention(ExportJob job, Instant now, int maxRangeDays) {
    this.job = job;
    this.now = now;
    this.maxRangeDays = maxRangeDays;
  }

  /** Returns the first day that is kept, by the names of the reports that are not kept for ever. */
  Map<String, LocalDate> firstDays() {
    return job.firstKept(now, maxRangeDays);
  }

  /** Returns the first day that any report of the job keeps. */
  LocalDate firstDayOfAny() {
    Map<String, LocalDate> firstDays = firstDays();
    return job.reports().stream()
        .map(report -> firstDays.getOrDefault(report.name(), LocalDate.MIN))
        .min(LocalDate::compareTo)
        .orElse(LocalDate.MIN);
  }

  /** Returns how long a report is kept, for a day that is older; null if the day is kept. */
  Explanation.@Nullable Outlived outlived(Report report, LocalDate day) {
    LocalDate first = firstDays().get(report.name());
    return first == null || !report.dateGrouping().periodEnd(day).isBefore(first)
        ? null
        : new Explanation.Outlived(first, String.valueOf(job.keep().get(report.name())));
  }

  /** Returns whether a run of the job removes anything: a run of a part of a pipeline does not. */
  private boolean removes() {
    return job.selection().equals(Selection.ALL);
  }

  private Set<SiteId> sites() {
    return new HashSet<>(job.sites().orElse(List.of()));
  }

  /**
   * Returns for people, in lines per report, what the next run will remove, and what it will not
   * although the pipeline does not ask to keep it.
   */
  List<String> announced(Sinks sinks) {
    List<String> lines = new ArrayList<>();
    if (!removes()) {
      return lines;
    }
    Map<String, LocalDate> firstDays = firstDays();
    for (Report report : job.reports()) {
      LocalDate first = firstDays.get(report.name());
      long most = 0;
      if (first != null) {
        for (Sink sink : sinks.all()) {
          most = Math.max(most, old(sink, report, first));
        }
      }
      if (most > 0) {
        lines.add(
            "report "
                + report.name()
                + ": the next run removes "
                + periods(most)
                + " before "
                + first
                + " (keep: "
                + job.keep().get(report.name())
                + ")");
      }
      if (first != null) {
        stays(sinks, report, first, most).ifPresent(lines::add);
      }
    }
    return lines;
  }

  /** Says that stored periods stay only because a run can still fetch them. */
  private Optional<String> stays(Sinks sinks, Report report, LocalDate first, long removed) {
    Keep keep = Objects.requireNonNull(job.keep().get(report.name()));
    LocalDate asked = keep.firstDay(report.dateGrouping(), now, 0);
    long stay = 0;
    if (first.isBefore(asked)) {
      for (Sink sink : sinks.all()) {
        stay = Math.max(stay, old(sink, report, asked) - removed);
      }
    }
    return stay == 0
        ? Optional.empty()
        : Optional.of(
            "report "
                + report.name()
                + ": "
                + periods(stay)
                + " from "
                + first
                + " to "
                + asked.minusDays(1)
                + " stay, although the pipeline keeps "
                + keep
                + ": what a run can still fetch (max_range_days: "
                + maxRangeDays
                + ", lookback_days: "
                + job.lookbackDays()
                + ") is always kept");
  }

  /** Returns how many stored periods of a report are older than it is kept. */
  private long old(Sink sink, Report report, LocalDate first) {
    long periods = 0;
    for (Stretch stretch :
        sink.ledger().stretches(report.name(), report.dateGrouping(), sites(), false)) {
      if (stretch.first().isBefore(first)) {
        LocalDate last =
            stretch.coversTo().isBefore(first) ? stretch.coversTo() : first.minusDays(1);
        periods += new DayRange(stretch.first(), last).periods(report.dateGrouping()).count();
      }
    }
    return periods;
  }

  /**
   * Removes the old periods of every report from every sink, and says so. A sink that fails is left
   * to the next run: the run's result does not depend on it.
   */
  void remove(Sinks sinks, String runId, RunListener listener) {
    if (!removes()) {
      return;
    }
    Map<String, LocalDate> firstDays = firstDays();
    for (Report report : job.reports()) {
      LocalDate first = firstDays.get(report.name());
      if (first == null) {
        continue;
      }
      Removal.Removed most = Removal.Removed.NOTHING;
      for (Sink sink : sinks.all()) {
        try {
          Removal.Removed removed = sink.remove(new Removal(report, sites(), first, runId, now));
          most = removed.periods() > most.periods() ? removed : most;
        } catch (SinkException | LedgerException e) {
          listener.notice(
              "report "
                  + report.name()
                  + ": periods before "
                  + first
                  + " could not be removed from "
                  + sink.name()
                  + ": "
                  + andLater(e));
        }
      }
      if (most.periods() > 0) {
        listener.notice(
            "report "
                + report.name()
                + ": "
                + periods(most.periods())
                + " before "
                + first
                + " with "
                + most.rows()
                + " rows were removed (keep: "
                + job.keep().get(report.name())
                + ")");
      }
    }
  }

  /** Says what failed, and that the next run does it: unless something must be mended before. */
  static String andLater(RuntimeException failure) {
    return failure.getMessage()
        + (failure instanceof SinkException refused && !refused.passes()
            ? ""
            : "; the next run tries again");
  }

  private static String periods(long number) {
    return number + (number == 1 ? " period" : " periods");
  }
}
