package fathomexport.report;

import java.io.Serializable;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A site of the account.
 *
 * @param zone the time zone of the site's reports; null if the API did not report it ({@code
 *     timezone} of {@code GET /sites} is optional)
 * @param createdAt when the site was added to the account; null if the API did not report it
 * @param domains the domains of the site; empty if the API did not report them
 */
public record Site(
    SiteId id,
    String name,
    @Nullable ZoneId zone,
    @Nullable Instant createdAt,
    List<String> domains)
    implements Serializable {
  /** The first day for which the API has accurate data. */
  public static final LocalDate FIRST_ACCURATE_DAY = LocalDate.of(2021, 3, 1);

  /** The zone in which a day ends last. A day that is over there is over everywhere. */
  public static final ZoneId LAST_ZONE_ON_EARTH = ZoneId.of("Etc/GMT+12");

  public Site {
    domains = List.copyOf(domains);
  }

  /** Creates a site whose domains are unknown. */
  public Site(SiteId id, String name, @Nullable ZoneId zone, @Nullable Instant createdAt) {
    this(id, name, zone, createdAt, List.of());
  }

  /** Creates a site whose creation time and domains are unknown. */
  public Site(SiteId id, String name, @Nullable ZoneId zone) {
    this(id, name, zone, null);
  }

  /** Returns the first day to fetch. Earlier days have no data, or no accurate data. */
  public LocalDate firstDay() {
    // Without a known zone, use the zone with the earliest date.
    LocalDate added = createdAt == null ? null : createdAt.atZone(closingZone()).toLocalDate();
    return added == null || added.isBefore(FIRST_ACCURATE_DAY) ? FIRST_ACCURATE_DAY : added;
  }

  /** Returns the zone that decides which days are over: the site's, or the last one on earth. */
  public ZoneId closingZone() {
    return zone == null ? LAST_ZONE_ON_EARTH : zone;
  }
}
