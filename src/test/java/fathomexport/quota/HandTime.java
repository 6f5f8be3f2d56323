package fathomexport.quota;

import fathomexport.api.pacing.TimeSource;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;

/**
 * Time that is moved by hand, and by waiting.
 *
 * @param passed nanoseconds since it began, but for those that the machine was suspended
 * @param suspended nanoseconds that only a clock on the wall has seen pass
 */
record HandTime(AtomicLong passed, AtomicLong suspended) implements TimeSource {
  private static final Instant START = Instant.parse("2026-03-01T00:00:00Z");

  HandTime(AtomicLong passed) {
    this(passed, new AtomicLong());
  }

  @Override
  public Instant instant() {
    return START.plusNanos(passed.get() + suspended.get());
  }

  @Override
  public long nanos() {
    return passed.get();
  }

  @Override
  public void await(Condition condition, long wait) {
    passed.addAndGet(wait);
  }
}
