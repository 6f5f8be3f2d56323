package fathomexport.testing;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * A server's quota a minute, for the tests of permits; written apart from the simulator's. In a
 * window, a refused request counts like any other.
 */
public final class ServerQuota {
  /** What the API may be counting; nothing says which. */
  public enum Model {
    FIXED_FROM_FIRST_HIT,
    CALENDAR_MINUTE,
    SLIDING,
    BUCKET
  }

  private static final Duration MINUTE = Duration.ofMinutes(1);

  private final Model model;
  private final int size;
  private final Duration phase;
  private final Deque<Instant> hits = new ArrayDeque<>();
  private Instant window = Instant.MIN;
  private int inWindow;
  private double tokens;
  private Instant refilled = Instant.MAX;
  private int refused;

  /**
   * @param size requests a minute
   * @param phase how far the server's clock is ahead
   */
  public ServerQuota(Model model, int size, Duration phase) {
    this.model = model;
    this.size = size;
    this.phase = phase;
    this.tokens = size;
  }

  /** Counts a request. */
  public void hit(Instant now) {
    if (!allows(now)) {
      refused++;
    }
  }

  /** Requests so far that were beyond the quota. */
  public int refused() {
    return refused;
  }

  private boolean allows(Instant now) {
    return switch (model) {
      case FIXED_FROM_FIRST_HIT -> inWindowFrom(now.isBefore(window.plus(MINUTE)) ? window : now);
      case CALENDAR_MINUTE -> {
        long seconds = now.plus(phase).getEpochSecond();
        yield inWindowFrom(Instant.ofEpochSecond(seconds - Math.floorMod(seconds, 60)));
      }
      case SLIDING -> {
        while (!hits.isEmpty() && !hits.getFirst().isAfter(now.minus(MINUTE))) {
          hits.removeFirst();
        }
        hits.addLast(now);
        yield hits.size() <= size;
      }
      case BUCKET -> {
        if (now.isAfter(refilled)) {
          double minutes = Duration.between(refilled, now).toNanos() / (double) MINUTE.toNanos();
          tokens = Math.min(size, tokens + minutes * size);
        }
        refilled = now;
        boolean allowed = tokens >= 1;
        tokens -= allowed ? 1 : 0;
        yield allowed;
      }
    };
  }

  private boolean inWindowFrom(Instant start) {
    if (!start.equals(window)) {
      window = start;
      inWindow = 0;
    }
    return ++inWindow <= size;
  }

  @Override
  public String toString() {
    return model + " in phase " + phase;
  }
}
