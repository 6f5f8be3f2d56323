package fathomexport.fetch;

import fathomexport.api.FathomClient;
import fathomexport.fetch.control.ControlBook;
import fathomexport.fetch.limits.Knowledge;
import java.nio.file.Path;

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
    boolean eachRequest) {}
