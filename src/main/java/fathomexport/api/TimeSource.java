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
