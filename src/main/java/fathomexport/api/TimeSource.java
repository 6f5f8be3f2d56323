package fathomexport.api;

import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;

/** The time, and waiting for it: what tests replace by a timetable. */
public interface TimeSource extends InstantSource {

  /** Nanoseconds of a clock that never jumps; only differences mean anything. */
  long nanos();

  /**
   * Waits until the condition is signalled or the time is over, or for less: callers ask again in a
   * loop. The condition's lock is held.
   */
  void await(Condition condition, long nanos) throws InterruptedException;

  /** Whether it stands for all clocks, that of the database included, as in a test of hours. */
  default boolean isTheOnlyClock() {
    return false;
  }

  /**
   * The clock itself when it is more than a clock; else with waits that take as long as they take.
   */
  static TimeSource of(InstantSource clock) {
    if (clock instanceof TimeSource time) {
      return time;
    }
    TimeSource system = system();
    return new TimeSource() {
      @Override
      public Instant instant() {
        return clock.instant();
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

  /** This machine's time. */
  static TimeSource system() {
    return new TimeSource() {
      @Override
      public Instant instant() {
        return InstantSource.system().instant();
      }

      @Override
      public long nanos() {
        return System.nanoTime();
      }

      @Override
      @SuppressWarnings("WaitNotInLoop") // The loop is the caller's, as the contract says.
      public void await(Condition condition, long nanos) throws InterruptedException {
        boolean unused = condition.await(nanos, TimeUnit.NANOSECONDS);
      }
    };
  }
}
