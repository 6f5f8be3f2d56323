package fathomexport.fetch;

import fathomexport.api.FathomClient;
import java.nio.file.Path;

/**
 * What all requests of a run share.
 *
 * @param rowLimit rows per request, as configured
 * @param maxRangeDays widest range per request in days, for groupings other than hour
 */
record FetchContext(
    FathomClient client,
    ControlBook book,
    Knowledge knowledge,
    int rowLimit,
    int maxRangeDays,
    Path spillDirectory) {}
