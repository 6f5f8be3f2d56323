package fathomexport.fetch;

import fathomexport.certify.PeriodTotals;
import fathomexport.plan.ControlQuery;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Entity;
import fathomexport.report.Filter;
import fathomexport.report.Slice;
import java.time.Instant;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Cache of a run's control totals: each is queried once and serves every report of the slice with
 * the same grouping and filters. Bounded to 256 families; the least recently used is evicted.
 * Thread-safe.
 */
public final class ControlBook {
  private static final int FAMILIES = 256;

  /**
   * Identifies control queries that differ only in their days.
   *
   * @param range the days if there is no date grouping, since such a total holds for no other
   *     range; otherwise null
   */
  private record Family(
      Slice slice,
      Entity entity,
      DateGrouping grouping,
      List<Filter> filters,
      @Nullable DayRange range) {
    static Family of(ControlQuery query, DayRange days) {
      DateGrouping grouping = query.shape().dateGrouping();
      return new Family(
          query.slice(),
          query.shape().entity(),
          grouping,
          query.shape().filters(),
          grouping == DateGrouping.NONE ? days : null);
    }
  }

  private static final class Page {
    /** The periods whose totals are known, with the end of the response that contained them. */
    private final Map<LocalDate, Instant> known = new HashMap<>();

    private final PeriodTotals totals = new PeriodTotals();

    /** The days of the control query that the run uses now. */
    private @Nullable DayRange at;

    /** Whether an empty response to this query has been doubted. */
    private boolean doubted;
  }

  private final Map<Family, Page> families =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Family, Page> eldest) {
          return size() > FAMILIES;
        }
      };

  /** Returns the totals of the days; empty unless the totals of all of them are known. */
  synchronized Optional<PeriodTotals> find(ControlQuery query, DayRange days) {
    Page page = families.get(Family.of(query, days));
    if (page == null
        || !keys(query.shape().dateGrouping(), days).stream().allMatch(page.known::containsKey)) {
      return Optional.empty();
    }
    PeriodTotals copy = new PeriodTotals();
    copy.addAll(page.totals, days);
    return Optional.of(copy);
  }

  /**
   * Returns when the oldest of the responses about these days ended.
   *
   * @throws IllegalStateException if no totals of these days are known
   */
  synchronized Instant answeredAt(ControlQuery query, DayRange days) {
    Page page = families.get(Family.of(query, days));
    return keys(query.shape().dateGrouping(), days).stream()
        .flatMap(key -> page == null ? Stream.of() : Stream.ofNullable(page.known.get(key)))
        .min(Instant::compareTo)
        .orElseThrow(() -> new IllegalStateException("not known: " + query + " " + days));
  }

  /**
   * Records the totals of these days, in place of earlier ones.
   *
   * @param at when the response ended
   */
  public synchronized void put(ControlQuery query, DayRange days, PeriodTotals totals, Instant at) {
    Page page = families.computeIfAbsent(Family.of(query, days), f -> new Page());
    page.totals.replace(totals, days);
    keys(query.shape().dateGrouping(), days).forEach(key -> page.known.put(key, at));
  }

  /** Marks a query's empty response as doubted. Returns false if it was marked before. */
  synchronized boolean doubt(ControlQuery query) {
    Page page = families.computeIfAbsent(Family.of(query, query.days()), f -> new Page());
    boolean first = !page.doubted;
    page.doubted = true;
    return first;
  }

  /**
   * Discards the digests of the responses about these days, so that they confirm no rows that were
   * fetched before them. The totals stay.
   */
  synchronized void forgetAnswers(ControlQuery query, DayRange days) {
    Page page = families.get(Family.of(query, days));
    if (page != null) {
      page.totals.forgetAnswers(days);
    }
  }

  /**
   * Makes this the current query and evicts the totals of the previous one of its family: each
   * control query of a family is used once in plan order. Totals of later queries stay.
   */
  synchronized void goOnTo(ControlQuery query) {
    Page page = families.computeIfAbsent(Family.of(query, query.days()), f -> new Page());
    DayRange behind = page.at;
    page.at = query.days();
    if (behind != null && !behind.equals(query.days())) {
      page.totals.replace(new PeriodTotals(), behind);
      page.known.keySet().removeAll(keys(query.shape().dateGrouping(), behind));
    }
  }

  private static List<LocalDate> keys(DateGrouping grouping, DayRange days) {
    return grouping == DateGrouping.NONE ? List.of(days.first()) : days.periods(grouping).toList();
  }
}
