package fathomexport.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Who is on a site now. Source: {@code GET /current_visitors}.
 *
 * @param pages at most the top 150; empty unless asked for in detail
 * @param referrers likewise
 */
public record CurrentVisitors(long total, List<Page> pages, List<Referrer> referrers) {
  public CurrentVisitors {
    pages = List.copyOf(pages);
    referrers = List.copyOf(referrers);
  }

  /** Visitors on one page. */
  public record Page(@Nullable String hostname, @Nullable String pathname, long total) {}

  /** Visitors from one referrer; the hostname carries its scheme. */
  public record Referrer(
      @Nullable String referrerHostname, @Nullable String referrerPathname, long total) {}
}
