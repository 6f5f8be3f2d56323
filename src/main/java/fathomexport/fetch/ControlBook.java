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
 * The control totals that a run knows: each is asked once and serves every report of the slice with
 * the same grouping and filters. Bounded: a long backfill walks on, and what lies behind it is
 * forgotten. Thread-safe.
 */
public final class ControlBook {
  private static final int FAMILIES = 256;

  /**
   * Whose totals: all that makes two control queries the same question, but the days.
   *
   * @param range without date grouping the days, whose total is that of no other days; else null
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
    /** The periods whose totals are known, and since when. */
    private final Map<LocalDate, Instant> known = new HashMap<>();

    private final PeriodTotals totals = new PeriodTotals();

    /** What the run is about now. */
    private @Nullable DayRange at;

    /** Whether its silence has been doubted. */
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

  /** The totals of these days, when all of them are known. */
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

  /** When the oldest of the answers about these days ended, of which all are known. */
  synchronized Instant answeredAt(ControlQuery query, DayRange days) {
    Page page = families.get(Family.of(query, days));
    return keys(query.shape().dateGrouping(), days).stream()
        .flatMap(key -> page == null ? Stream.of() : Stream.ofNullable(page.known.get(key)))
        .min(Instant::compareTo)
        .orElseThrow(() -> new IllegalStateException("not known: " + query + " " + days));
  }

  /**
   * Takes what an answer about these days said, in place of what was known of them.
   *
   * @param at when the answer ended
   */
  public synchronized void put(ControlQuery query, DayRange days, PeriodTotals totals, Instant at) {
    Page page = families.computeIfAbsent(Family.of(query, days), f -> new Page());
    page.totals.replace(totals, days);
    keys(query.shape().dateGrouping(), days).forEach(key -> page.known.put(key, at));
  }

  /** Notes that a query's silence is in doubt; false when that was so before. */
  synchronized boolean doubt(ControlQuery query) {
    Page page = families.computeIfAbsent(Family.of(query, query.days()), f -> new Page());
    boolean first = !page.doubted;
    page.doubted = true;
    return first;
  }

  /** Keeps the answers about these days from confirming rows that came before them. */
  synchronized void forgetAnswers(ControlQuery query, DayRange days) {
    Page page = families.get(Family.of(query, days));
    if (page != null) {
      page.totals.forgetAnswers(days);
    }
  }

  /**
   * The run goes on to this query: a plan comes to each query of a family once, so the totals of
   * the one before it are needed no more. Those of later ones, which the ledger told, stay.
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
