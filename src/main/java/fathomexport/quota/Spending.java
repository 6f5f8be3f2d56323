package fathomexport.quota;

import fathomexport.api.TimeSource;
import fathomexport.run.Budget;
import fathomexport.run.WindowOutcome;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;

/** What of a budget is left. Thread-safe. */
public final class Spending {
  private final Budget budget;
  private final TimeSource time;
  private final LongSupplier requests;
  private final long since;

  /** What the tasks in hand are expected to ask for, asked or not. */
  private long promised;

  /**
   * @param requests billed ones so far
   */
  public Spending(Budget budget, TimeSource time, LongSupplier requests) {
    this.budget = budget;
    this.time = time;
    this.requests = requests;
    this.since = time.nanos();
  }

  /**
   * Begins a task when there is enough left for it.
   *
   * @param expected requests that it costs at the least
   * @return why it may not begin; empty when it may, and then {@link #ended} must follow
   */
  public synchronized Optional<String> begin(long expected) {
    Duration most = budget.time();
    if (most != null && time.nanos() - since >= most.toNanos()) {
      return Optional.of(
          WindowOutcome.NOT_FETCHED
              + ": the "
              + most.toMinutes()
              + " minutes that it may take are over");
    }
    Long allowed = budget.requests();
    if (allowed != null) {
      long left = allowed - requests.getAsLong() - promised;
      if (left < expected) {
        return Optional.of(
            WindowOutcome.NOT_FETCHED
                + ": of the "
                + allowed
                + " requests that it may make "
                + Math.max(0, left)
                + (left == 1 ? " is left, and" : " are left, and")
                + " the next window takes at least "
                + expected);
      }
    }
    promised += expected;
    return Optional.empty();
  }

  /** The task has ended. */
  public synchronized void ended(long expected) {
    promised -= expected;
  }
}
