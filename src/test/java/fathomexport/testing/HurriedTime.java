package fathomexport.testing;

import fathomexport.api.pacing.TimeSource;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;

/**
 * A clock on which the exporter's waits end almost at once, while its work takes as long as it
 * takes. After a wait, the clock has advanced by the time that the exporter wanted to wait. Only
 * for tests in which the database is reachable: an outage of the database takes real time, and this
 * clock would run ahead of it. Thread-safe.
 */
final class HurriedTime implements TimeSource {
  /** The longest real wait: code that waits for the database's clock asks it in a loop. */
  private static final long LONGEST = Duration.ofMillis(20).toNanos();

  private final Instant instant;
  private final boolean ofThisMachine;
  private final AtomicLong skipped = new AtomicLong();

  /**
   * A clock that shows one instant.
   *
   * @param instant what decides which days are over
   */
  HurriedTime(Instant instant) {
    this(instant, false);
  }

  /**
   * A clock that shows one instant.
   *
   * @param ofThisMachine whether it passes for the clock of this machine
   */
  HurriedTime(Instant instant, boolean ofThisMachine) {
    this.instant = instant;
    this.ofThisMachine = ofThisMachine;
  }

  @Override
  public boolean isOfThisMachine() {
    return ofThisMachine;
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
