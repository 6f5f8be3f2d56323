package fathomexport.dashboard;

import fathomexport.dashboard.Facts.Day;
import java.time.LocalDate;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The sums of a run of days, by the rules of {@code fathom_bi.site_week} and {@code
 * fathom_bi.site_month}: what does not add up is null, and rates are weighted.
 *
 * @param days the number of days of the period, measured or not
 * @param completeDays the number of those that are complete or empty
 */
record Totals(
    LocalDate first,
    LocalDate last,
    int days,
    int completeDays,
    String state,
    @Nullable Long visits,
    @Nullable Long uniques,
    @Nullable Long pageviews,
    @Nullable Long bounces,
    @Nullable Double bounceRate) {

  /** Which measures the days of a site add up. */
  record Adds(boolean visits, boolean uniques) {}

  /**
   * Returns the sums of these days; empty if no day of the period is in the calendar.
   *
   * @param ended whether the site is retired, so that its last period will never be whole
   */
  static Optional<Totals> of(
      NavigableMap<LocalDate, Day> all, LocalDate first, LocalDate last, Adds adds, boolean ended) {
    NavigableMap<LocalDate, Day> some = all.subMap(first, true, last, true);
    if (some.isEmpty()) {
      return Optional.empty();
    }
    int length = (int) (last.toEpochDay() - first.toEpochDay() + 1);
    int empty = count(some, "empty");
    int done = empty + count(some, "complete");
    int known = some.size() - count(some, "missing");
    boolean over = ended || !some.lastKey().isBefore(last) || some.firstKey().isAfter(first);
    String state;
    if (known == 0) {
      state = "missing";
    } else if (count(some, "stale") > 0) {
      state = "stale";
    } else if (empty == length) {
      state = "empty";
    } else if (done == length) {
      state = "complete";
    } else if (done == some.size() && !over) {
      state = "provisional";
    } else {
      state = "incomplete";
    }
    Long uniques = sum(some, Day::uniques);
    Long bounces = sum(some, Day::bounces);
    Long rated = sum(some, Day::visits);
    return Optional.of(
        new Totals(
            first,
            last,
            length,
            done,
            state,
            adds.visits() ? sum(some, Day::visits) : null,
            adds.uniques() || (uniques != null && uniques == 0) ? uniques : null,
            sum(some, Day::pageviews),
            bounces,
            bounces == null || rated == null || rated == 0 ? null : 100.0 * bounces / rated));
  }

  /** Returns the same with the period's own uniques. */
  Totals withUniques(long own) {
    return new Totals(
        first, last, days, completeDays, state, visits, own, pageviews, bounces, bounceRate);
  }

  private static int count(NavigableMap<LocalDate, Day> days, String state) {
    return (int) days.values().stream().filter(d -> d.state().equals(state)).count();
  }

  /** Adds a number to a sum if it is known; a sum of which nothing is known is null. */
  static @Nullable Long plusKnown(@Nullable Long sum, @Nullable Long value) {
    if (value == null) {
      return sum;
    }
    return sum == null ? value : Long.valueOf(sum + value);
  }

  /** Returns the sum over the days that were measured; null if one of them lacks the measure. */
  private static @Nullable Long sum(
      NavigableMap<LocalDate, Day> days, Function<Day, @Nullable Long> measure) {
    Long sum = null;
    for (Day day : days.values()) {
      Long value = measure.apply(day);
      if (value == null
          && (day.visits() != null || day.uniques() != null || day.pageviews() != null)) {
        return null;
      }
      sum = plusKnown(sum, value);
    }
    return sum;
  }
}
