package fathomexport.fetch;

import fathomexport.api.Outcome;
import fathomexport.api.answer.Refusal;
import fathomexport.certify.PeriodTotals;
import fathomexport.fetch.control.ControlBook;
import fathomexport.plan.ControlQuery;
import fathomexport.plan.RangeQuery;
import fathomexport.report.DayRange;
import fathomexport.report.rows.RowSpool;
import fathomexport.run.FetchFailedException;
import java.io.IOException;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The control totals of a task, from the cache or queried from the API. */
public final class ControlTotals {
  private static final Logger LOG = LoggerFactory.getLogger(ControlTotals.class);

  private final FetchContext context;
  private final ControlQuery query;
  private final @Nullable ZoneId zone;
  private final Tally tally;

  ControlTotals(FetchContext context, ControlQuery query, @Nullable ZoneId zone, Tally tally) {
    this.context = context;
    this.query = query;
    this.zone = zone;
    this.tally = tally;
  }

  PeriodTotals get(DayRange days) throws FetchFailedException, IOException {
    Optional<PeriodTotals> known = context.book().find(query, days);
    if (known.isPresent()) {
      return known.get();
    }
    ask(query.days());
    return context.book().find(query, days).orElseThrow();
  }

  /** Returns when the oldest response about these days ended; their totals must be known. */
  Instant answeredAt(DayRange days) {
    return context.book().answeredAt(query, days);
  }

  /** Prefix of the reason for a period for which no control is possible. */
  private static final String IMPOSSIBLE = "no control is possible: ";

  /**
   * Returns whether a period has no control because the API refuses the control query, rather than
   * because the query failed at the time.
   */
  public static boolean isLasting(@Nullable String reason) {
    return reason != null && reason.startsWith(IMPOSSIBLE);
  }

  /**
   * Returns why these days can have no control: the API refuses the control query. Empty if they
   * have one.
   *
   * @throws FetchFailedException if the control query failed; it may succeed later
   */
  String missing(DayRange days) throws FetchFailedException, IOException {
    try {
      PeriodTotals known = get(days);
      LOG.debug("control of {} {}: {} periods", query.slice(), days, known.periods().size());
      return "";
    } catch (FetchFailedException e) {
      // A control query that fails, or whose response is invalid, is no reason to store rows
      // without a control.
      if (!(e.failure() instanceof Outcome.Refused<?> refused)) {
        throw e;
      }
      if (refused.refusal() == Refusal.OTHER) {
        throw new FetchFailedException(
            new Outcome.Unavailable<>(
                "the control query failed: " + refused.describe(),
                Outcome.Unavailable.Cause.ATTEMPTS));
      }
      if (refused.refusal() != Refusal.PARAMETERS) {
        throw e;
      }
      LOG.warn("{} {}: no control is possible: {}", query.slice(), days, e.getMessage());
      return IMPOSSIBLE + e.getMessage();
    }
  }

  /**
   * Limits the responses about these days to certifying sums: rows that were fetched before them
   * may be older in the measures that are not summed.
   */
  void forgetAnswers(DayRange days) {
    context.book().forgetAnswers(query, days);
  }

  /**
   * Queries the control totals again, ignoring the cached totals. A question that has failed is not
   * sent again for each report that depends on it: see {@link ControlBook#unanswered}.
   */
  void ask(DayRange days) throws FetchFailedException, IOException {
    Tally own = new Tally();
    FetchContext again =
        context.book().knows(query, days) ? context.askingAfter(answeredAt(days)) : context;
    try (RowSpool none = new RowSpool(context.spillDirectory())) {
      PagedFetch pages =
          new PagedFetch(
              again, new RangeQuery(query.slice(), query.shape(), days, zone), null, none, own);
      Optional<Outcome.Failure<?>> unusable =
          ask(context, new ControlQuery(query.slice(), query.shape(), days), pages);
      if (unusable.isPresent()) {
        throw new FetchFailedException(unusable.get());
      }
      context.book().put(query, days, pages.totals(), own.endedAt);
    } finally {
      tally.controlRequests += own.requests;
    }
  }

  /**
   * Returns a failure in words that do not claim a request of the window: it was another window's.
   * What the API refuses keeps its words, because they say what the API allows.
   */
  private static Outcome.Failure<?> asBefore(Outcome.Failure<?> failure) {
    String before = "the control query, which other windows need too, failed before: ";
    if (failure instanceof Outcome.Unavailable<?> away) {
      return new Outcome.Unavailable<>(before + away.reason(), away.cause());
    }
    if (failure instanceof Outcome.Malformed<?> malformed) {
      return new Outcome.Malformed<>(before + malformed.reason(), malformed.lasting());
    }
    return failure;
  }

  /**
   * Sends a control question, unless it has failed in this turn or for good, and remembers if it
   * fails.
   *
   * @param pages fetches the answer
   * @return why the answer, although complete, holds no totals; empty if it holds them
   * @throws FetchFailedException if the question fails or has failed before
   */
  static Optional<Outcome.Failure<?>> ask(
      FetchContext context, ControlQuery question, PagedFetch pages)
      throws FetchFailedException, IOException {
    ControlBook book = context.book();
    Optional<Outcome.Failure<?>> before = book.unanswered(question, context.turn());
    if (before.isPresent()) {
      LOG.info(
          "{} {}: the control query failed before and is not sent again",
          question.slice(),
          question.days());
      throw new FetchFailedException(asBefore(before.get()));
    }
    try {
      pages.run();
    } catch (FetchFailedException e) {
      book.failed(question, e.failure());
      throw e;
    }
    Optional<Outcome.Failure<?>> unusable =
        pages.faults().values().stream()
            .findFirst()
            .map(
                fault ->
                    new Outcome.Malformed<>(
                        "the answer to the control query is unusable: " + fault.reason(), true));
    unusable.ifPresent(failure -> book.failed(question, failure));
    return unusable;
  }
}
