package fathomexport.fetch.control;

import fathomexport.api.Outcome;
import fathomexport.api.answer.Refusal;
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
 * the same grouping and filters. Bounded to 256 families; the least recently used is evicted. Also
 * remembers the control questions that failed, so that they too serve every report. Thread-safe.
 */
public final class ControlBook {
  private static final int FAMILIES = 256;

  /** Failed questions to remember: more than a run of hours can send. */
  private static final int UNANSWERED = 4_096;

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

  private static final class KnownTotals {
    /** The periods whose totals are known, with the end of the response that contained them. */
    private final Map<LocalDate, Instant> known = new HashMap<>();

    private final PeriodTotals totals = new PeriodTotals();

    /** The days of the control query that the run uses now. */
    private @Nullable DayRange at;

    /** Whether an empty response to this query has been doubted. */
    private boolean doubted;
  }

  private final Map<Family, KnownTotals> families =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Family, KnownTotals> eldest) {
          return size() > FAMILIES;
        }
      };

  /**
   * A control question without an answer.
   *
   * @param failure the reason, which all reports that depend on the question report
   * @param times how often it was asked in vain
   * @param forGood whether it would fail in the same way however often it is asked
   */
  private record Unanswered(Outcome.Failure<?> failure, int times, boolean forGood) {}

  /**
   * The failed questions, apart from the totals: a task that is put behind the others comes back
   * after many families.
   */
  private final Map<ControlQuery, Unanswered> unanswered =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<ControlQuery, Unanswered> eldest) {
          return size() > UNANSWERED;
        }
      };

  /**
   * Returns why a question is not to be sent: it was refused, its answer can never be used, or it
   * has failed in this turn already. Later turns may each send it once more, so that a passing
   * outage is survived; all reports that depend on it share that request.
   *
   * @param question the query of exactly these days and aggregates
   * @param turn the turn of the task that needs the answer, from 1
   */
  public synchronized Optional<Outcome.Failure<?>> unanswered(ControlQuery question, int turn) {
    Unanswered known = unanswered.get(question);
    return known != null && (known.forGood() || known.times() >= turn)
        ? Optional.of(known.failure())
        : Optional.empty();
  }

  /**
   * Remembers that a question failed. Failures that say nothing about the question, such as a stop
   * or an API that is down altogether, are not remembered.
   */
  public synchronized void failed(ControlQuery question, Outcome.Failure<?> failure) {
    Unanswered before = unanswered.get(question);
    int times = before == null ? 1 : before.times() + 1;
    if (failure instanceof Outcome.Refused<?> refused) {
      unanswered.put(question, new Unanswered(failure, times, refused.refusal() != Refusal.OTHER));
    } else if (failure instanceof Outcome.Malformed<?> malformed) {
      unanswered.put(question, new Unanswered(failure, times, malformed.lasting()));
    } else if (failure instanceof Outcome.Unavailable<?> away) {
      switch (away.cause()) {
        case ATTEMPTS, RETRIES_SPENT ->
            // Retries belong to a site and report: those of the other reports are not used up.
            unanswered.put(
                question,
                new Unanswered(
                    new Outcome.Unavailable<>(away.reason(), Outcome.Unavailable.Cause.ATTEMPTS),
                    times,
                    false));
        case INTERRUPTED, HELD, SITE_DOWN, DOWN, CLOSED -> {}
      }
    }
  }

  /** Returns whether the totals of all these days are known. */
  public synchronized boolean knows(ControlQuery query, DayRange days) {
    KnownTotals page = families.get(Family.of(query, days));
    return page != null
        && keys(query.shape().dateGrouping(), days).stream().allMatch(page.known::containsKey);
  }

  /** Returns the totals of the days; empty unless the totals of all of them are known. */
  public synchronized Optional<PeriodTotals> find(ControlQuery query, DayRange days) {
    KnownTotals page = families.get(Family.of(query, days));
    if (page == null || !knows(query, days)) {
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
  public synchronized Instant answeredAt(ControlQuery query, DayRange days) {
    KnownTotals page = families.get(Family.of(query, days));
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
    unanswered.remove(new ControlQuery(query.slice(), query.shape(), days));
    KnownTotals page = families.computeIfAbsent(Family.of(query, days), f -> new KnownTotals());
    page.totals.replace(totals, days);
    keys(query.shape().dateGrouping(), days).forEach(key -> page.known.put(key, at));
  }

  /** Marks a query's empty response as doubted. Returns false if it was marked before. */
  public synchronized boolean doubt(ControlQuery query) {
    KnownTotals page =
        families.computeIfAbsent(Family.of(query, query.days()), f -> new KnownTotals());
    boolean first = !page.doubted;
    page.doubted = true;
    return first;
  }

  /**
   * Discards the digests of the responses about these days, so that they confirm no rows that were
   * fetched before them. The totals stay.
   */
  public synchronized void forgetAnswers(ControlQuery query, DayRange days) {
    KnownTotals page = families.get(Family.of(query, days));
    if (page != null) {
      page.totals.forgetAnswers(days);
    }
  }

  /**
   * Makes this the current query and evicts the totals of the previous one of its family: each
   * control query of a family is used once in plan order. Totals of later queries stay.
   */
  public synchronized void makeCurrent(ControlQuery query) {
    KnownTotals page =
        families.computeIfAbsent(Family.of(query, query.days()), f -> new KnownTotals());
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
