package fathomexport.report;

import java.io.Serializable;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A site of an account.
 *
 * @param zone the time zone of the site's reports; null if the API did not report it ({@code
 *     timezone} of {@code GET /sites} is optional)
 * @param createdAt when the site was added to the account; null if the API did not report it
 * @param domains the domains of the site; empty if the API did not report them
 * @param account the name of the account whose token reads it; empty if the settings configure no
 *     accounts, so that there is only one
 */
public record Site(
    SiteId id,
    String name,
    @Nullable ZoneId zone,
    @Nullable Instant createdAt,
    List<String> domains,
    String account)
    implements Serializable {
  /** The first day for which the API has accurate data. */
  public static final LocalDate FIRST_ACCURATE_DAY = LocalDate.of(2021, 3, 1);

  /** The zone in which a day ends last. A day that is over there is over everywhere. */
  public static final ZoneId LAST_ZONE_ON_EARTH = ZoneId.of("Etc/GMT+12");

  public Site {
    domains = List.copyOf(domains);
  }

  /** The name of the account where the settings configure none. */
  public static final String THE_ONLY_ACCOUNT = "";

  /** Creates a site of the only account. */
  public Site(
      SiteId id,
      String name,
      @Nullable ZoneId zone,
      @Nullable Instant createdAt,
      List<String> domains) {
    this(id, name, zone, createdAt, domains, THE_ONLY_ACCOUNT);
  }

  /** Creates a site whose domains are unknown. */
  public Site(SiteId id, String name, @Nullable ZoneId zone, @Nullable Instant createdAt) {
    this(id, name, zone, createdAt, List.of());
  }

  /** Creates a site whose creation time and domains are unknown. */
  public Site(SiteId id, String name, @Nullable ZoneId zone) {
    this(id, name, zone, null);
  }

  /** Returns the name of the account; null if there is only one, without a name. */
  public @Nullable String accountOrNull() {
    return account.isEmpty() ? null : account;
  }

  /** Returns the site as one of this account. */
  public Site of(String owner) {
    return new Site(id, name, zone, createdAt, domains, owner);
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
