package fathomexport.api.pacing;

import fathomexport.report.SiteId;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The waits that the API has asked for with a {@code Retry-After}, other than that of a 429: each
 * concerns the site of its query, or for a query about no site the queries about none. The wait of
 * a 429 concerns the account, and its permits keep it. Thread-safe.
 */
public final class AskedWaits {
  private final TimeSource time;
  private final Map<Optional<SiteId>, Wait> waits = new ConcurrentHashMap<>();

  /**
   * @param end on the monotonic clock
   */
  private record Wait(long end, String reason) {}

  /**
   * A wait that is not over.
   *
   * @param reason the response that asked for it
   */
  public record AskedWait(Duration time, String reason) {}

  public AskedWaits(TimeSource time) {
    this.time = time;
  }

  /**
   * Records a wait. Of two waits, the one that ends later counts.
   *
   * @param site the site of the query; null if it is about none
   */
  public void add(@Nullable SiteId site, Duration wait, String reason) {
    waits.merge(
        Optional.ofNullable(site),
        new Wait(time.nanos() + wait.toNanos(), reason),
        (a, b) -> a.end - b.end > 0 ? a : b);
  }

  /** Returns what is left of a site's wait; empty if it is over. */
  public Optional<AskedWait> of(@Nullable SiteId site) {
    Wait wait = waits.get(Optional.ofNullable(site));
    long left = wait == null ? 0 : wait.end - time.nanos();
    return wait == null || left <= 0
        ? Optional.empty()
        : Optional.of(new AskedWait(Duration.ofNanos(left), wait.reason));
  }
}
