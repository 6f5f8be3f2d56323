package fathomexport.cli.output;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Estimates the remaining time of a run from the expected remaining requests and the quota, which
 * allows a burst of one minute's requests and then delays further ones. The rate so far is no basis
 * for the estimate, because the first minute is always the fastest. Not thread-safe.
 */
final class TimeToGo {
  private static final Duration WINDOW = Duration.ofMinutes(1);

  private final int requestsPerMinute;
  private final Map<String, Long> expected;
  private final Deque<Instant> sent = new ArrayDeque<>();
  private long left;
  private long sentInAll;
  private long accounted;
  private Instant pausedUntil = Instant.MIN;

  /**
   * @param expected number of requests by window id
   */
  TimeToGo(int requestsPerMinute, Map<String, Long> expected) {
    this.requestsPerMinute = requestsPerMinute;
    this.expected = new HashMap<>(expected);
    this.left = expected.values().stream().mapToLong(n -> n).sum();
  }

  /** Records that a request was sent. */
  void sent(Instant at) {
    sentInAll++;
    sent.addLast(at);
    while (sent.size() > requestsPerMinute) {
      sent.removeFirst();
    }
  }

  /** Records that no request is sent before this time. */
  void pausedUntil(Instant until) {
    pausedUntil = until;
  }

  /**
   * Records that a window or a chunk of it ended.
   *
   * @param requests number of requests that it took; 0 if unknown
   */
  void ended(String windowId, long requests, boolean failed) {
    Long whole = expected.remove(windowId);
    left = Math.max(0, left - (whole == null ? requests : whole));
    accounted = failed && requests == 0 ? sentInAll : accounted + requests;
  }

  /**
   * Returns the expected number of remaining requests: those of the windows that have not ended,
   * minus those already sent for them.
   */
  long requestsLeft() {
    return Math.max(0, left - Math.max(0, sentInAll - accounted));
  }

  /** Returns the shortest time in which the quota allows the remaining requests. */
  Duration at(Instant now) {
    long wanted = requestsLeft();
    if (wanted == 0) {
      return Duration.ZERO;
    }
    Instant start = now.isBefore(pausedUntil) ? pausedUntil : now;
    // The times at which the quota's permits are free again, earliest first.
    List<Instant> free = new ArrayList<>();
    for (int i = sent.size(); i < requestsPerMinute; i++) {
      free.add(start);
    }
    for (Instant at : sent) {
      Instant until = at.plus(WINDOW);
      free.add(until.isBefore(start) ? start : until);
    }
    free.sort(null);
    long index = wanted - 1;
    return Duration.between(
        now,
        free.get((int) (index % requestsPerMinute))
            .plus(WINDOW.multipliedBy(index / requestsPerMinute)));
  }
}
