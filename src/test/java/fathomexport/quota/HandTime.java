package fathomexport.quota;

import fathomexport.api.TimeSource;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;

/**
 * Time that is moved by hand, and by waiting.
 *
 * @param passed nanoseconds since it began
 */
record HandTime(AtomicLong passed) implements TimeSource {
  private static final Instant START = Instant.parse("2026-03-01T00:00:00Z");

  @Override
  public Instant instant() {
    return START.plusNanos(passed.get());
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
