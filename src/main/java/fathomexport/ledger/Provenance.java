package fathomexport.ledger;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How the rows of a window were fetched.
 *
 * @param definition digest of the report's definition at the time of the fetch; rows of another
 *     definition are stale
 * @param fetchedAt when the last response ended
 * @param zone the site's zone at that time (an IANA name); null if the API did not report it
 * @param requests requests for the window, without its share of the control queries
 * @param controlRequests control queries sent for it; 0 if it shared those of another window
 * @param splits partitions that periods over the row limit were split into
 * @param rateUnit the unit of the bounce rates as the API reported them; null if the report has
 *     none, or if no rate tells the unit
 * @param account the name of the account whose token read the site; null if the settings configured
 *     no accounts
 */
public record Provenance(
    String runId,
    String definition,
    Instant fetchedAt,
    @Nullable String zone,
    int requests,
    int controlRequests,
    int splits,
    @Nullable RateUnit rateUnit,
    @Nullable String account) {}
