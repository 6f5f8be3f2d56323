package fathomexport.inspect;

import fathomexport.ledger.RunRecord;
import fathomexport.report.ExpectBy;
import fathomexport.run.FailureKind;
import fathomexport.run.RunRecords;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Decides until when a day that has ended is due, and from when it is late: late only once a
 * nightly run could have fetched it. The pipeline's {@code expect_by} decides that; without it, the
 * starts of earlier runs do.
 */
final class Expectation {
  /** Runs to read: enough for the days below, also where a pipeline runs every hour. */
  static final int RUNS = 1_000;

  /** How far back to look for nights with a run. */
  private static final int NIGHTS_BACK = 28;

  /** How many of the newest nights with a run count. */
  private static final int NIGHTS = 7;

  private static final Duration DAY = Duration.ofDays(1);

  /**
   * What a run may start later than usual, such as after a change of the clocks, before its absence
   * counts.
   */
  private static final Duration LEEWAY = Duration.ofHours(1);

  /** A longer run does not move the time from which days are late. */
  private static final Duration LONGEST_RUN = Duration.ofHours(12);

  /** Exit codes of a run that was stopped as requested. */
  private static final Set<Integer> STOPPED = Set.of(130, FailureKind.STOPPED.exitCode());

  private final @Nullable ExpectBy expectBy;
  private final List<RunRecord> runs;
  private final List<Instant> starts;
  private final Duration took;

  /**
   * @param runs the pipeline's nightly runs, newest first, also those that could not begin
   */
  Expectation(@Nullable ExpectBy expectBy, List<RunRecord> runs) {
    this.expectBy = expectBy;
    this.runs = List.copyOf(runs);
    this.starts = runs.stream().map(RunRecord::startedAt).toList();
    this.took =
        runs.stream()
            .flatMap(r -> took(r).stream())
            .limit(NIGHTS)
            .max(Comparator.naturalOrder())
            .filter(longest -> longest.compareTo(LONGEST_RUN) < 0)
            .orElse(LONGEST_RUN);
  }

  private static Optional<Duration> took(RunRecord run) {
    Instant finished = run.finishedAt();
    return finished == null
        ? Optional.empty()
        : Optional.of(Duration.between(run.startedAt(), finished));
  }

  /** Returns from when a day is late, if it is not stored by then. */
  Instant lateFrom(LocalDate day, ZoneId zone) {
    Instant end = day.plusDays(1).atStartOfDay(zone).toInstant();
    if (expectBy != null) {
      return expectBy.next(end);
    }
    Instant usual = end.plus(usualDelay(end).map(d -> d.plus(took).plus(LEEWAY)).orElse(DAY));
    return runs.stream()
        .filter(r -> !r.startedAt().isBefore(end) && hasFailedToFetch(r))
        .flatMap(r -> Stream.ofNullable(r.finishedAt()))
        .filter(failed -> failed.isBefore(usual))
        .min(Comparator.naturalOrder())
        .orElse(usual);
  }

  /**
   * Returns whether a run could have fetched what it has not. A run that succeeded has fetched all
   * that it was to fetch. A run that could not begin says nothing of the days: another one may be
   * fetching them at this time, or does so once the cause is gone; and who stops a run knows of it.
   */
  private static boolean hasFailedToFetch(RunRecord run) {
    Integer exit = run.exitCode();
    return exit != null && exit != 0 && !STOPPED.contains(exit) && RunRecords.hasBegun(run);
  }

  /**
   * Returns how long after the same time of earlier days the first run started: the median of the
   * newest nights. Empty if there was no run.
   */
  private Optional<Duration> usualDelay(Instant end) {
    List<Duration> delays = new ArrayList<>();
    for (int back = 1; back <= NIGHTS_BACK && delays.size() < NIGHTS; back++) {
      Instant from = end.minus(DAY.multipliedBy(back));
      Instant to = from.plus(DAY);
      starts.stream()
          .filter(s -> !s.isBefore(from) && s.isBefore(to))
          .min(Comparator.naturalOrder())
          .ifPresent(first -> delays.add(Duration.between(from, first)));
    }
    Collections.sort(delays);
    return delays.isEmpty() ? Optional.empty() : Optional.of(delays.get(delays.size() / 2));
  }

  /** Returns the newest day that is late at this time unless it is stored. */
  LocalDate expectedTo(ZoneId zone, Instant now) {
    LocalDate day = LocalDate.ofInstant(now, zone).minusDays(1);
    while (lateFrom(day, zone).isAfter(now)) {
      day = day.minusDays(1);
    }
    return day;
  }
}
