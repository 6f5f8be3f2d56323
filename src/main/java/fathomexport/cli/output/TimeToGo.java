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
 * How long a run will still take: from the requests that are expected to be left and the quota,
 * which lets a minute's requests go in a burst and then makes the next ones wait. What the run did
 * so far says nothing of that: its first minute is always its fastest. Not thread-safe.
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
   * @param expected requests by window
   */
  TimeToGo(int requestsPerMinute, Map<String, Long> expected) {
    this.requestsPerMinute = requestsPerMinute;
    this.expected = new HashMap<>(expected);
    this.left = expected.values().stream().mapToLong(n -> n).sum();
  }

  /** A request went out. */
  void sent(Instant at) {
    sentInAll++;
    sent.addLast(at);
    while (sent.size() > requestsPerMinute) {
      sent.removeFirst();
    }
  }

  /** No request goes out before then. */
  void pausedUntil(Instant until) {
    pausedUntil = until;
  }

  /**
   * A window ended, or a piece of one.
   *
   * @param requests that it took; 0 when that is not known
   */
  void ended(String windowId, long requests, boolean failed) {
    Long whole = expected.remove(windowId);
    left = Math.max(0, left - (whole == null ? requests : whole));
    accounted = failed && requests == 0 ? sentInAll : accounted + requests;
  }

  /**
   * Requests that are expected still: those of the windows that have not ended, less what went out
   * for them.
   */
  long requestsLeft() {
    return Math.max(0, left - Math.max(0, sentInAll - accounted));
  }

  /** The least time in which the quota lets them go. */
  Duration at(Instant now) {
    long wanted = requestsLeft();
    if (wanted == 0) {
      return Duration.ZERO;
    }
    Instant start = now.isBefore(pausedUntil) ? pausedUntil : now;
    // When each of the quota's permits is free again, the earliest first.
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
