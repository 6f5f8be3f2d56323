package fathomexport.inspect;

import fathomexport.dimension.Dimensions;
import fathomexport.ledger.Stretch;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import java.time.Instant;
import java.time.ZoneId;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The present time zones of the sites: as the API listed them last, as in the views of schema
 * {@code fathom_bi}; of a site that it never listed with a zone, that of the newest measurement.
 */
final class SiteZones {
  private final Map<SiteId, String> listed;
  private final Map<SiteId, Newest> newest = new HashMap<>();

  private record Newest(Instant fetchedAt, String zone) {}

  /** Creates them with the zones that the API listed last; other sites have none. */
  SiteZones(Map<SiteId, String> listed) {
    this.listed = Map.copyOf(listed);
  }

  /** Creates them with what a sink knows of the sites, whichever pipeline has seen it. */
  static SiteZones of(Dimensions known) {
    Map<SiteId, String> listed = new HashMap<>();
    known
        .sites()
        .forEach(
            (site, row) -> {
              if (row.zone() != null) {
                listed.put(site, row.zone());
              }
            });
    return new SiteZones(listed);
  }

  /** Returns the zones that the API listed last. */
  Map<SiteId, String> listed() {
    return listed;
  }

  /** Takes over the zone of a stretch, unless a newer one is known. */
  void saw(Stretch stretch) {
    String zone = stretch.zone();
    if (zone != null) {
      newest.merge(
          stretch.slice().site(),
          new Newest(stretch.fetchedAt(), zone),
          (a, b) -> b.fetchedAt().isAfter(a.fetchedAt()) ? b : a);
    }
  }

  /** Returns the zones of all sites of which something was measured, where they are known. */
  Map<SiteId, ZoneId> known() {
    Map<SiteId, ZoneId> known = new HashMap<>();
    newest.keySet().forEach(site -> known.put(site, of(site)));
    return known;
  }

  /** Returns the site's zone; the last one on Earth if it is unknown. */
  ZoneId of(SiteId site) {
    String zone = name(site);
    return zone == null ? Site.LAST_ZONE_ON_EARTH : ZoneId.of(zone);
  }

  /** Returns the name of the site's zone; null if it is unknown. */
  @Nullable String name(SiteId site) {
    Newest seen = newest.get(site);
    return listed.getOrDefault(site, seen == null ? null : seen.zone());
  }

  /** Returns whether a site has moved since something was fetched in this zone. */
  boolean movedFrom(SiteId site, @Nullable String zone) {
    String present = name(site);
    return present != null && zone != null && !present.equals(zone);
  }
}
