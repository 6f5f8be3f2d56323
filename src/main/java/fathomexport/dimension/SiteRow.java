package fathomexport.dimension;

import fathomexport.report.SiteId;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A row of the table {@code site}.
 *
 * @param domains empty if the API never reported any
 * @param lastSeenAt when the API last listed the site
 * @param account the name of the account that listed it then; null if the settings configured none
 */
public record SiteRow(
    SiteId id,
    @Nullable String name,
    @Nullable String zone,
    @Nullable Instant createdAt,
    List<String> domains,
    Instant firstSeenAt,
    Instant lastSeenAt,
    @Nullable String account) {
  public SiteRow {
    domains = List.copyOf(domains);
  }

  /** Returns whether nothing but the time of the last sighting differs. */
  public boolean saysTheSameAs(@Nullable SiteRow other) {
    return other != null && equals(other.seenAt(lastSeenAt));
  }

  private SiteRow seenAt(Instant at) {
    return new SiteRow(id, name, zone, createdAt, domains, firstSeenAt, at, account);
  }
}
