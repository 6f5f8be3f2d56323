package fathomexport.export;

import fathomexport.certify.PeriodTotals;
import fathomexport.fetch.control.ControlBook;
import fathomexport.plan.ControlQuery;
import java.time.Instant;
import java.util.List;

/**
 * The answer to a control query that a run need not send, since an interrupted run has sent it.
 *
 * @param at when the answer was last known to hold
 * @param runId the interrupted run
 */
record KnownControl(ControlQuery query, PeriodTotals totals, Instant at, String runId) {

  /** Adds these answers to the totals that a run knows. */
  static void addTo(ControlBook book, List<KnownControl> known) {
    known.forEach(k -> book.put(k.query(), k.query().days(), k.totals(), k.at()));
  }

  /** Returns a new book with only these answers. */
  static ControlBook book(List<KnownControl> known) {
    ControlBook book = new ControlBook();
    addTo(book, known);
    return book;
  }
}
