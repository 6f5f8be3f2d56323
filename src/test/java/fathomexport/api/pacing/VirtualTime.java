package fathomexport.api.pacing;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.concurrent.locks.Condition;

/**
 * Time that passes only where somebody waits: then it jumps to the next event of the timetable, or
 * to the wait's end. For one thread.
 */
public final class VirtualTime implements TimeSource {
  private static final Instant START = Instant.parse("2026-03-01T00:00:00Z");

  private final PriorityQueue<Event> events =
      new PriorityQueue<>(Comparator.comparingLong(Event::at));
  private long nanos;

  private record Event(long at, Runnable action) {}

  @Override
  public Instant instant() {
    return START.plusNanos(nanos);
  }

  @Override
  public long nanos() {
    return nanos;
  }

  @Override
  public void await(Condition condition, long wait) {
    Event next = events.peek();
    if (next != null && next.at <= nanos + wait) {
      events.remove();
      nanos = Math.max(nanos, next.at);
      next.action.run();
    } else {
      nanos += wait;
    }
  }

  public Duration elapsed() {
    return Duration.ofNanos(nanos);
  }

  /** Time that passes without anybody waiting. */
  public void pass(Duration time) {
    nanos += time.toNanos();
  }

  public void at(long time, Runnable action) {
    events.add(new Event(time, action));
  }

  void runOut() {
    while (!events.isEmpty()) {
      Event next = events.remove();
      nanos = Math.max(nanos, next.at);
      next.action.run();
    }
  }
}
