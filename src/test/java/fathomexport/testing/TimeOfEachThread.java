package fathomexport.testing;

import fathomexport.api.pacing.TimeSource;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;

/**
 * Time that passes only where a thread waits, for that thread alone: what lanes do side by side
 * takes as long as the one that waits longest, and hours of waiting take no time. For lanes that
 * wait for nothing of one another, such as those of different accounts with one request in flight
 * each. Thread-safe.
 */
public final class TimeOfEachThread implements TimeSource {
  private final Instant start;
  private final Map<Thread, Long> waited = new ConcurrentHashMap<>();

  public TimeOfEachThread(Instant start) {
    this.start = start;
  }

  @Override
  public Instant instant() {
    return start.plusNanos(nanos());
  }

  @Override
  public long nanos() {
    return waited.getOrDefault(Thread.currentThread(), 0L);
  }

  @Override
  public void await(Condition condition, long wait) {
    waited.merge(Thread.currentThread(), wait, Long::sum);
  }

  @Override
  public boolean isTheOnlyClock() {
    return true;
  }

  /** How long the thread has waited that waited longest. */
  public Duration longest() {
    return Duration.ofNanos(waited.values().stream().mapToLong(n -> n).max().orElse(0));
  }
}
