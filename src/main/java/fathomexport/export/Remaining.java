package fathomexport.export;

import fathomexport.cost.AccountQuotas;
import fathomexport.report.Window;
import fathomexport.run.Budget;
import fathomexport.run.Left;
import fathomexport.run.PlannedRun;
import fathomexport.run.RunListener;
import fathomexport.run.WindowOutcome;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * Counts the windows that an export has not begun because it was stopped, halted, or had spent its
 * budget: another export fetches them. Windows that failed are not among them.
 */
final class Remaining implements RunListener {
  private final Set<String> windows = new HashSet<>();

  @Override
  public synchronized void windowEnded(WindowOutcome outcome) {
    Window window = outcome.subject();
    if (window != null && Left.isLeft(outcome)) {
      windows.add(window.id());
    }
  }

  /**
   * Returns what is left; empty if everything was begun.
   *
   * @param sent requests of the export that ended
   */
  synchronized Optional<Left> left(PlannedRun planned, long sent, Budget budget) {
    if (windows.isEmpty()) {
      return Optional.empty();
    }
    long expected = windows.stream().mapToLong(id -> planned.expected().getOrDefault(id, 0L)).sum();
    // What is left of a window after its first chunks is another window, without an estimate.
    long requests =
        planned.expected().keySet().containsAll(windows)
            ? expected
            : Math.max(expected, planned.likelyRequests() - sent);
    return Optional.of(left(windows.size(), requests, planned.requestsPerMinute(), sent, budget));
  }

  /** Returns what is left: so many windows, which take about so many requests. */
  static Left left(long windows, long requests, int perMinute, long sent, Budget budget) {
    long each = budget.requests() != null ? budget.requests() : budget.time() != null ? sent : 0;
    return new Left(
        windows,
        requests,
        each == 0 ? 0 : Math.max(1, (requests + each - 1) / each),
        AccountQuotas.inWords(AccountQuotas.minutes(requests, perMinute)));
  }
}
