package fathomexport.dimension;

import fathomexport.report.Milestone;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All that a sink knows of sites and events.
 *
 * @param history the spans of each site, oldest first
 * @param milestonesAskedAt when the API was last asked for a site's milestones
 * @param listings what one pipeline's lists contained; empty if no pipeline was named
 */
public record Dimensions(
    Map<SiteId, SiteRow> sites,
    Map<SiteId, List<SiteSpan>> history,
    Map<Slice, EventRow> events,
    Map<SiteId, List<Milestone>> milestones,
    Map<SiteId, Instant> milestonesAskedAt,
    Map<Slice, Listing> listings) {

  /** Nothing is known. */
  public static final Dimensions EMPTY =
      new Dimensions(Map.of(), Map.of(), Map.of(), Map.of(), Map.of(), Map.of());

  public Dimensions {
    sites = copy(sites);
    history = copy(history);
    events = copy(events);
    milestones = copy(milestones);
    milestonesAskedAt = copy(milestonesAskedAt);
    listings = copy(listings);
  }

  private static <K, V> Map<K, V> copy(Map<K, V> map) {
    return Collections.unmodifiableMap(new LinkedHashMap<>(map));
  }
}
