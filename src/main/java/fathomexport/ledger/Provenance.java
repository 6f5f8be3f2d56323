package fathomexport.ledger;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How a window's rows came to be.
 *
 * @param definition digest of the report's definition that was asked; rows of another definition
 *     are stale
 * @param fetchedAt when the last answer ended
 * @param zone the site's zone at that time (an IANA name); null when the API did not say
 * @param requests requests that the window took, its share of control queries not counted
 * @param controlRequests control requests made for it; 0 when another window's control served
 * @param splits filter parts that over-limit days were split into
 */
public record Provenance(
    String runId,
    String definition,
    Instant fetchedAt,
    @Nullable String zone,
    int requests,
    int controlRequests,
    int splits) {}
