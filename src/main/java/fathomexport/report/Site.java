package fathomexport.report;

import java.io.Serializable;
import java.time.ZoneId;
import org.jspecify.annotations.Nullable;

/**
 * A site of the account.
 *
 * @param zone the zone its reports are in; null when the API did not say ({@code timezone} of
 *     {@code GET /sites} is optional)
 */
public record Site(SiteId id, String name, @Nullable ZoneId zone) implements Serializable {
  /** The last zone on earth in which a day ends: what is over there is over everywhere. */
  public static final ZoneId LAST_ZONE_ON_EARTH = ZoneId.of("Etc/GMT+12");

  /** The zone that decides which days are over: the site's, or the last one on earth. */
  public ZoneId closingZone() {
    return zone == null ? LAST_ZONE_ON_EARTH : zone;
  }
}
