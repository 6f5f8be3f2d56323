package fathomexport.fetch;

import fathomexport.api.Outcome;
import fathomexport.api.Refusal;
import fathomexport.certify.PeriodTotals;
import fathomexport.plan.ControlQuery;
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

/** The control totals of a task: from the book, or asked for. */
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

  /** When the answers about these days ended, which are known. */
  Instant answeredAt(DayRange days) {
    return context.book().answeredAt(query, days);
  }

  /** How the reason begins of a period for which no control is possible. */
  private static final String IMPOSSIBLE = "no control is possible: ";

  /**
   * Whether a period without a control has none because the API refuses the question, rather than
   * because it could not be answered at the time.
   */
  public static boolean isLasting(@Nullable String reason) {
    return reason != null && reason.startsWith(IMPOSSIBLE);
  }

  /**
   * Why these days can have no control: the API refuses the question. Empty when they have one.
   *
   * @throws FetchFailedException when the question could not be answered: it may be another time
   */
  String missing(DayRange days) throws FetchFailedException, IOException {
    try {
      PeriodTotals known = get(days);
      LOG.debug("control of {} {}: {} periods", query.slice(), days, known.periods().size());
      return "";
    } catch (FetchFailedException e) {
      // One that breaks its contract, or that fails, is no reason to trust the rows.
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
   * Has the answers about these days certify sums only: rows that came before them may be older in
   * what is not summed.
   */
  void forgetAnswers(DayRange days) {
    context.book().forgetAnswers(query, days);
  }

  /** Queries the control totals again, ignoring what this run knows of them. */
  void ask(DayRange days) throws FetchFailedException, IOException {
    Tally own = new Tally();
    try (RowSpool none = new RowSpool(context.spillDirectory())) {
      PagedFetch walk =
          new PagedFetch(
              context, new RangeQuery(query.slice(), query.shape(), days, zone), null, none, own);
      walk.run();
      if (!walk.faults().isEmpty()) {
        throw new FetchFailedException(
            new Outcome.Malformed<>(
                "the control query's answer: " + walk.faults().values().iterator().next().reason(),
                true));
      }
      context.book().put(query, days, walk.totals(), own.endedAt);
    } finally {
      tally.controlRequests += own.requests;
    }
  }
}
