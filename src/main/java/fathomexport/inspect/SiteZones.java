package fathomexport.inspect;

import fathomexport.ledger.Stretch;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import java.time.Instant;
import java.time.ZoneId;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The time zones of the sites according to their newest ledger entries. */
final class SiteZones {
  private final Map<SiteId, Newest> newest = new HashMap<>();

  private record Newest(Instant fetchedAt, @Nullable String zone) {}

  /** Takes over the zone of a stretch, unless a newer one is known. */
  void saw(Stretch stretch) {
    newest.merge(
        stretch.slice().site(),
        new Newest(stretch.fetchedAt(), stretch.zone()),
        (a, b) -> b.fetchedAt().isAfter(a.fetchedAt()) ? b : a);
  }

  /** Returns all known zones. */
  Map<SiteId, ZoneId> known() {
    Map<SiteId, ZoneId> known = new HashMap<>();
    newest.forEach(
        (site, zone) -> {
          if (zone.zone() != null) {
            known.put(site, ZoneId.of(zone.zone()));
          }
        });
    return known;
  }

  /** Returns the site's zone; the last one on Earth if it is unknown. */
  ZoneId of(SiteId site) {
    Newest known = newest.get(site);
    return known == null || known.zone() == null
        ? Site.LAST_ZONE_ON_EARTH
        : ZoneId.of(known.zone());
  }

  /** Returns whether a site has moved since something was fetched in this zone. */
  boolean movedFrom(SiteId site, @Nullable String zone) {
    Newest known = newest.get(site);
    return known != null && known.zone() != null && zone != null && !known.zone().equals(zone);
  }
}
