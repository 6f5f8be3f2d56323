package fathomexport.api.answer;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The current visitors of a site. Source: {@code GET /current_visitors}.
 *
 * @param total number of visitors
 * @param pages at most the top 150 pages; empty unless details are requested
 * @param referrers the referrers; empty unless details are requested
 */
public record CurrentVisitors(long total, List<VisitedPage> pages, List<Referrer> referrers) {
  public CurrentVisitors {
    pages = List.copyOf(pages);
    referrers = List.copyOf(referrers);
  }

  /** The visitors of one page. */
  public record VisitedPage(@Nullable String hostname, @Nullable String pathname, long total) {}

  /** The visitors from one referrer; the hostname includes the scheme. */
  public record Referrer(
      @Nullable String referrerHostname, @Nullable String referrerPathname, long total) {}
}
