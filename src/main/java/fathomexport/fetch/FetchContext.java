package fathomexport.fetch;

import fathomexport.api.FathomClient;
import fathomexport.fetch.control.ControlBook;
import fathomexport.fetch.limits.Knowledge;
import java.nio.file.Path;
import java.time.Instant;

/**
 * What all requests of a task share.
 *
 * @param rowLimit rows per request, as configured
 * @param maxRangeDays widest range per request in days, for groupings other than hour
 * @param turn the turn of the task that asks, from 1: a control question that failed in an earlier
 *     turn may be asked once more
 * @param eachRequest whether rows are handed on after each request, since this process may be lost
 */
record FetchContext(
    FathomClient client,
    ControlBook book,
    Knowledge knowledge,
    int rowLimit,
    int maxRangeDays,
    Path spillDirectory,
    int turn,
    boolean eachRequest) {
  /** Returns a context for a query that asks again for what was known at this time. */
  FetchContext askingAfter(Instant known) {
    return new FetchContext(
        client.askingAfter(known),
        book,
        knowledge,
        rowLimit,
        maxRangeDays,
        spillDirectory,
        turn,
        eachRequest);
  }
}
