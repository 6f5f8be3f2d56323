package fathomexport.simulator;

import fathomexport.simulator.behaviour.Quota;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** Counts the requests of one user against a quota. Rejected requests do not count. */
final class QuotaMeter {
  private final Quota quota;
  private final Deque<Instant> admitted = new ArrayDeque<>();
  private @Nullable Instant windowStart;
  private int inWindow;
  private double tokens;
  private @Nullable Instant refilledAt;

  QuotaMeter(Quota quota) {
    this.quota = quota;
    this.tokens = quota.size();
  }

  Quota quota() {
    return quota;
  }

  /** Counts a request. Returns zero if it is admitted, otherwise the time until one would be. */
  synchronized Duration admit(Instant now) {
    return switch (quota.model()) {
      case NONE -> Duration.ZERO;
      case FIXED_FROM_FIRST_HIT -> {
        Instant start = windowStart;
        yield fixed(now, start == null || !now.isBefore(start.plus(quota.window())) ? now : start);
      }
      case CALENDAR -> {
        long length = quota.window().toMillis();
        yield fixed(now, Instant.ofEpochMilli(Math.floorDiv(now.toEpochMilli(), length) * length));
      }
      case SLIDING -> sliding(now);
      case TOKEN_BUCKET -> bucket(now);
    };
  }

  private Duration fixed(Instant now, Instant start) {
    if (!start.equals(windowStart)) {
      windowStart = start;
      inWindow = 0;
    }
    if (inWindow >= quota.size()) {
      return Duration.between(now, start.plus(quota.window()));
    }
    inWindow++;
    return Duration.ZERO;
  }

  private Duration sliding(Instant now) {
    while (!admitted.isEmpty() && !now.isBefore(admitted.getFirst().plus(quota.window()))) {
      admitted.removeFirst();
    }
    if (admitted.size() >= quota.size()) {
      return Duration.between(now, admitted.getFirst().plus(quota.window()));
    }
    admitted.addLast(now);
    return Duration.ZERO;
  }

  private Duration bucket(Instant now) {
    double perMilli = quota.size() / (double) quota.window().toMillis();
    Instant last = refilledAt;
    if (last != null) {
      double gained = Math.max(0, Duration.between(last, now).toMillis()) * perMilli;
      tokens = Math.min(quota.size(), tokens + gained);
    }
    refilledAt = now;
    // Tolerate rounding: refills of a third of a token do not sum up to exactly 1 in binary.
    if (tokens < 1 - 1e-9) {
      return Duration.ofMillis((long) Math.ceil((1 - tokens) / perMilli - 1e-6));
    }
    tokens = Math.max(0, tokens - 1);
    return Duration.ZERO;
  }
}
