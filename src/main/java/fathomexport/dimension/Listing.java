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
 * @param eventsListedAt when the site's list of events was first read, which may be empty; null if
 *     it never was, and of events
 */
public record Listing(
    Slice slice,
    Instant firstListedAt,
    @Nullable Instant unlistedAt,
    @Nullable LocalDate lastDay,
    @Nullable Instant eventsListedAt) {
  /** Returns the record of what is listed for the first time. */
  static Listing first(Slice slice, Instant at) {
    return new Listing(slice, at, null, null, null);
  }

  Listing unlisted(Instant at, @Nullable LocalDate last) {
    return new Listing(slice, firstListedAt, at, last, eventsListedAt);
  }

  /** Returns the record of what is listed again. */
  Listing back() {
    return new Listing(slice, firstListedAt, null, null, eventsListedAt);
  }

  /** Returns the record of a site whose list of events was read. */
  Listing withEventsListed(Instant at) {
    return eventsListedAt != null
        ? this
        : new Listing(slice, firstListedAt, unlistedAt, lastDay, at);
  }
}
