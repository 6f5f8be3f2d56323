package fathomexport.quota;

import fathomexport.api.pacing.TimeSource;
import fathomexport.run.Budget;
import fathomexport.run.WindowOutcome;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;

/** The rest of a run's budget. Thread-safe. */
public final class Spending {
  private final String account;
  private final Budget budget;
  private final TimeSource time;
  private final LongSupplier requests;
  private final long since;

  /** Number of requests expected of the running tasks, sent or not. */
  private long promised;

  /**
   * Starts the budget now.
   *
   * @param account whose requests these are; empty if there is only one account
   * @param requests supplies the number of billed requests so far
   */
  public Spending(String account, Budget budget, TimeSource time, LongSupplier requests) {
    this.account = account;
    this.budget = budget;
    this.time = time;
    this.requests = requests;
    this.since = time.nanos();
  }

  /**
   * Starts a task if the budget suffices for its rows, should it have any: a task that is cut off
   * in the middle has used requests for nothing.
   *
   * @param expected the number of requests that the task takes if it has rows
   * @return why it may not start; empty if it may, and then {@link #ended} must follow
   */
  public synchronized Optional<String> begin(long expected) {
    Duration most = budget.time();
    if (most != null && time.nanos() - since >= most.toNanos()) {
      return Optional.of(
          WindowOutcome.NOT_FETCHED
              + (most.toMinutes() == 1
                  ? ": the minute that the run may take is over"
                  : ": the " + most.toMinutes() + " minutes that the run may take are over"));
    }
    Long allowed = budget.requests();
    if (allowed != null) {
      long left = allowed - requests.getAsLong() - promised;
      if (left < expected) {
        return Optional.of(
            WindowOutcome.NOT_FETCHED
                + ": of the "
                + allowed
                + " requests that "
                + (account.isEmpty() ? "the run" : "account " + account)
                + " may send, "
                + Math.max(0, left)
                + (left == 1 ? " is left, but" : " are left, but")
                + " the next window needs "
                + expected
                + " if it has rows");
      }
    }
    promised += expected;
    return Optional.empty();
  }

  /** Ends a task that was started with this number of expected requests. */
  public synchronized void ended(long expected) {
    promised -= expected;
  }
}
