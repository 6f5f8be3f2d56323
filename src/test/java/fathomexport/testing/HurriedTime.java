package fathomexport.testing;

import fathomexport.api.TimeSource;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;

/**
 * Time in which the exporter's waits are over at once and nothing else is hurried: what it does
 * takes as long as it takes, and after a wait as much time has passed as it wanted to wait. For
 * tests in which the database answers: how long that is away is told by nobody's waiting.
 * Thread-safe.
 */
final class HurriedTime implements TimeSource {
  /** What a wait takes at most: those that wait for the database's clock ask it in a loop. */
  private static final long LONGEST = Duration.ofMillis(20).toNanos();

  private final Instant instant;
  private final AtomicLong skipped = new AtomicLong();

  /**
   * A clock that shows one instant.
   *
   * @param instant what decides which days are over
   */
  HurriedTime(Instant instant) {
    this.instant = instant;
  }

  @Override
  public Instant instant() {
    return instant;
  }

  @Override
  public long nanos() {
    return System.nanoTime() + skipped.get();
  }

  @Override
  @SuppressWarnings("WaitNotInLoop") // The loop is the caller's, as the contract says.
  public void await(Condition condition, long nanos) throws InterruptedException {
    if (!condition.await(Math.min(nanos, LONGEST), TimeUnit.NANOSECONDS) && nanos > LONGEST) {
      skipped.addAndGet(nanos - LONGEST);
    }
  }
}
