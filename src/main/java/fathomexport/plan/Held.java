package fathomexport.plan;

import fathomexport.report.Slice;
import java.time.Instant;
import java.time.LocalDate;
import org.jspecify.annotations.Nullable;

/**
 * What a sink holds of one period, as far as planning cares.
 *
 * @param coversTo last measured day of the period
 * @param complete whether it is certified or uncertified, rather than incomplete
 * @param definition digest of the report's definition that was asked
 * @param zone the site's zone when it was fetched; null when not known
 */
public record Held(
    Slice slice,
    LocalDate period,
    LocalDate coversTo,
    boolean complete,
    String definition,
    Instant fetchedAt,
    @Nullable String zone,
    long rows) {}
