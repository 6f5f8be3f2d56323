package fathomexport.api.pacing;

import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;

/**
 * A clock and waits on that clock. Tests replace it.
 *
 * <p>Its instants have whole microseconds, where they are not those of a test: that is what both
 * sinks store, and what neither of them may round in its own way.
 */
public interface TimeSource extends InstantSource {

  /** Returns the nanoseconds of a monotonic clock; only differences are meaningful. */
  long nanos();

  /**
   * Waits until the condition is signalled or the time is over, possibly for less: callers check in
   * a loop. The caller holds the condition's lock.
   */
  void await(Condition condition, long nanos) throws InterruptedException;

  /**
   * Returns whether this clock replaces all clocks, that of the database included, as in simulated
   * tests.
   */
  default boolean isTheOnlyClock() {
    return false;
  }

  /**
   * Returns whether this is the clock of this machine, which may be set wrongly. A time that was
   * chosen, for a rehearsal or a test, is not.
   */
  default boolean isOfThisMachine() {
    return false;
  }

  /**
   * Returns the clock itself if it is a {@code TimeSource}; otherwise one with its instants and the
   * waits of this machine.
   */
  static TimeSource of(InstantSource clock) {
    if (clock instanceof TimeSource time) {
      return time;
    }
    TimeSource system = system();
    if (clock.equals(InstantSource.system())) {
      return system;
    }
    return new TimeSource() {
      @Override
      public Instant instant() {
        return clock.instant().truncatedTo(ChronoUnit.MICROS);
      }

      @Override
      public long nanos() {
        return system.nanos();
      }

      @Override
      public void await(Condition condition, long nanos) throws InterruptedException {
        system.await(condition, nanos);
      }
    };
  }

  /** Returns the time source of this machine. */
  static TimeSource system() {
    return new TimeSource() {
      @Override
      public Instant instant() {
        return InstantSource.system().instant().truncatedTo(ChronoUnit.MICROS);
      }

      @Override
      public long nanos() {
        return System.nanoTime();
      }

      @Override
      public boolean isOfThisMachine() {
        return true;
      }

      @Override
      @SuppressWarnings("WaitNotInLoop") // The caller has the loop, as the contract requires.
      public void await(Condition condition, long nanos) throws InterruptedException {
        boolean unused = condition.await(nanos, TimeUnit.NANOSECONDS);
      }
    };
  }
}
