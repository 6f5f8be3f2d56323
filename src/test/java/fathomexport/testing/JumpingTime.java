package fathomexport.testing;

import fathomexport.api.pacing.TimeSource;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.locks.Condition;

/** Time that passes only where somebody waits: hours of waiting take no time. Thread-safe. */
public final class JumpingTime implements TimeSource {
  private final Instant start;
  private long nanos;

  public JumpingTime(Instant start) {
    this.start = start;
  }

  @Override
  public synchronized Instant instant() {
    return start.plusNanos(nanos);
  }

  @Override
  public synchronized long nanos() {
    return nanos;
  }

  @Override
  public void await(Condition condition, long wait) {
    pass(Duration.ofNanos(wait));
  }

  @Override
  public boolean isTheOnlyClock() {
    return true;
  }

  /** Lets time pass. */
  public synchronized void pass(Duration duration) {
    nanos += duration.toNanos();
  }

  /** How much has passed. */
  public synchronized Duration passed() {
    return Duration.ofNanos(nanos);
  }
}
