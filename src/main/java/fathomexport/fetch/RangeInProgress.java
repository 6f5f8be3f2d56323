package fathomexport.fetch;

import fathomexport.fetch.limits.RowCapDetector;
import fathomexport.plan.Pager;
import fathomexport.plan.RangeQuery;
import org.jspecify.annotations.Nullable;

/**
 * What the ways of fetching one range share: what is requested, how far it is, and its rows.
 *
 * @param control null if nothing verifies the rows
 * @param cap whether the API seems to cut responses off
 */
record RangeInProgress(
    FetchContext context,
    RangeQuery query,
    @Nullable ControlTotals control,
    Pager pager,
    PageCheck check,
    RowCapDetector cap,
    ChunkRows rows) {}
