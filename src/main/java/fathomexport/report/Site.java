package fathomexport.report;

import java.io.Serializable;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import org.jspecify.annotations.Nullable;

/**
 * A site of the account.
 *
 * @param zone the zone its reports are in; null when the API did not say ({@code timezone} of
 *     {@code GET /sites} is optional)
 * @param createdAt when it was added to the account; null when the API did not say
 */
public record Site(SiteId id, String name, @Nullable ZoneId zone, @Nullable Instant createdAt)
    implements Serializable {
  /** The first day of which the API has numbers that are accurate. */
  public static final LocalDate FIRST_ACCURATE_DAY = LocalDate.of(2021, 3, 1);

  /** The last zone on earth in which a day ends: what is over there is over everywhere. */
  public static final ZoneId LAST_ZONE_ON_EARTH = ZoneId.of("Etc/GMT+12");

  /** A site of which it is not known when it was added. */
  public Site(SiteId id, String name, @Nullable ZoneId zone) {
    this(id, name, zone, null);
  }

  /** The first day that is asked for: before it there are no numbers, or none to rely on. */
  public LocalDate firstDay() {
    // Where the zone is not known, the zone in which it was added on the earliest day.
    LocalDate added = createdAt == null ? null : createdAt.atZone(closingZone()).toLocalDate();
    return added == null || added.isBefore(FIRST_ACCURATE_DAY) ? FIRST_ACCURATE_DAY : added;
  }

  /** The zone that decides which days are over: the site's, or the last one on earth. */
  public ZoneId closingZone() {
    return zone == null ? LAST_ZONE_ON_EARTH : zone;
  }
}
