package fathomexport.report;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The visitors of a site at one moment, as {@code GET /current_visitors} reported them.
 *
 * @param sampledAt when the response ended, by this machine's clock, truncated to microseconds;
 *     together with the site it is the sample's key
 * @param total visitors on the site, 0 or more
 * @param pages at most the top 150, in the API's order; empty if only the total was queried
 * @param referrers at most the top 150, in the API's order; empty if only the total was queried
 */
public record VisitorSample(
    SiteId site, Instant sampledAt, long total, List<VisitedPage> pages, List<Referrer> referrers) {
  public VisitorSample {
    sampledAt = sampledAt.truncatedTo(ChronoUnit.MICROS);
    pages = List.copyOf(pages);
    referrers = List.copyOf(referrers);
    notNegative(total);
  }

  /** Visitors on one page. */
  public record VisitedPage(@Nullable String hostname, @Nullable String pathname, long total) {
    public VisitedPage {
      notNegative(total);
    }
  }

  /** Visitors from one referrer. The hostname includes its scheme. */
  public record Referrer(
      @Nullable String referrerHostname, @Nullable String referrerPathname, long total) {
    public Referrer {
      notNegative(total);
    }
  }

  /** Returns the number of rows of the sample in all tables together. */
  public int rows() {
    return 1 + pages.size() + referrers.size();
  }

  private static void notNegative(long total) {
    if (total < 0) {
      throw new IllegalArgumentException("a total of " + total + " visitors");
    }
  }
}
