package fathomexport.fetch.control;

import fathomexport.certify.PeriodTotals;
import fathomexport.plan.ControlQuery;
import fathomexport.report.DayRange;
import java.io.Serializable;
import java.time.Instant;

/**
 * The answer to a control query.
 *
 * @param days those that were asked about
 * @param at when the response ended
 */
public record ControlAnswer(ControlQuery query, DayRange days, PeriodTotals totals, Instant at)
    implements Serializable {
  /** Returns whether the answer is recent enough to be used again. */
  public boolean isKnownSince(Instant since) {
    return at.isAfter(since);
  }
}
