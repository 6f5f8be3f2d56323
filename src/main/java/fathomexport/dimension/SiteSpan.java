package fathomexport.dimension;

import fathomexport.report.SiteId;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A row of the table {@code site_history}: a name and a time zone that a site has or had.
 *
 * @param validTo null for the present ones
 */
public record SiteSpan(
    SiteId site,
    @Nullable String name,
    @Nullable String zone,
    Instant validFrom,
    @Nullable Instant validTo) {}
