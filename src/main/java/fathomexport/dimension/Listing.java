package fathomexport.dimension;

import fathomexport.report.Slice;
import java.time.Instant;
import java.time.LocalDate;
import org.jspecify.annotations.Nullable;

/**
 * Whether the API lists a site or an event to a pipeline. Each pipeline has its own record, because
 * pipelines may use tokens of different accounts: a site that one of them cannot list is not gone.
 *
 * @param slice the site, or one of its events
 * @param unlistedAt when it was first missing from the list; null while it is listed. From then on
 *     it is retired
 * @param lastDay the last day that was stored of it by then; null while it is listed, or if nothing
 *     was stored
 */
public record Listing(
    Slice slice, Instant firstListedAt, @Nullable Instant unlistedAt, @Nullable LocalDate lastDay) {
  Listing unlisted(Instant at, @Nullable LocalDate last) {
    return new Listing(slice, firstListedAt, at, last);
  }
}
