package fathomexport.fetch;

import fathomexport.api.FathomClient;
import java.nio.file.Path;

/**
 * What every question to the API shares.
 *
 * @param rowLimit rows to ask for at a time, as configured
 * @param maxRangeDays widest range to ask for where hours are not grouped by
 */
record FetchContext(
    FathomClient client,
    ControlBook book,
    Knowledge knowledge,
    int rowLimit,
    int maxRangeDays,
    Path spillDirectory) {}
