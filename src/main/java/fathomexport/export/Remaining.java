package fathomexport.export;

import fathomexport.cost.AccountQuotas;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import fathomexport.report.Window;
import fathomexport.run.Budget;
import fathomexport.run.Left;
import fathomexport.run.PlannedRun;
import fathomexport.run.RunListener;
import fathomexport.run.WindowOutcome;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Counts the windows that an export has not begun because it was stopped, halted, or had spent its
 * budget: another export fetches them. Windows that failed are not among them.
 */
final class Remaining implements RunListener {
  /** The windows by their ids, each with its site. */
  private final Map<String, SiteId> windows = new HashMap<>();

  /**
   * What is left for one account.
   *
   * @param requests about how many its windows take
   * @param requestsPerMinute its quota
   */
  private record Share(long requests, int requestsPerMinute) {
    long minutes() {
      return AccountQuotas.minutes(requests, requestsPerMinute);
    }
  }

  @Override
  public synchronized void windowEnded(WindowOutcome outcome) {
    Window window = outcome.subject();
    if (window != null && Left.isLeft(outcome)) {
      windows.put(window.id(), window.slice().site());
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
    Map<String, Long> requests = expected(planned, windows::containsKey);
    long expected = requests.values().stream().mapToLong(n -> n).sum();
    // What is left of a window after its first chunks is another window, without an estimate.
    List<String> unknown =
        windows.entrySet().stream()
            .filter(e -> !planned.expected().containsKey(e.getKey()))
            .map(e -> planned.accounts().getOrDefault(e.getValue(), Site.THE_ONLY_ACCOUNT))
            .distinct()
            .toList();
    long more = Math.max(0, planned.likelyRequests() - sent - expected);
    unknown.forEach(account -> requests.merge(account, more / unknown.size(), Long::sum));
    return Optional.of(left(windows.size(), planned, requests, sent, budget));
  }

  /** Returns what is left if that is the whole of a plan. */
  static Left all(PlannedRun planned, long sent, Budget budget) {
    return left(planned.windows(), planned, expected(planned, window -> true), sent, budget);
  }

  /** Returns by account the requests that are expected of the windows that are left. */
  private static Map<String, Long> expected(PlannedRun planned, Predicate<String> isLeft) {
    Map<String, Long> requests = new HashMap<>();
    planned
        .parts()
        .forEach(
            part ->
                requests.put(
                    part.account(),
                    part.windows().stream()
                        .filter(isLeft)
                        .mapToLong(id -> planned.expected().getOrDefault(id, 0L))
                        .sum()));
    return requests;
  }

  /** The accounts are asked side by side, so that the one which takes longest decides. */
  private static Left left(
      long windows, PlannedRun planned, Map<String, Long> requests, long sent, Budget budget) {
    List<Share> shares =
        planned.parts().stream()
            .map(
                part ->
                    new Share(requests.getOrDefault(part.account(), 0L), part.requestsPerMinute()))
            .toList();
    long all = requests.values().stream().mapToLong(n -> n).sum();
    long nights = 0;
    Long each = budget.requests();
    Duration time = budget.time();
    if (each != null) {
      nights = shares.stream().mapToLong(share -> nights(share.requests(), each)).max().orElse(1);
    } else if (time != null && sent > 0) {
      nights = nights(all, sent);
      if (shares.size() > 1) {
        long minutes = Math.max(1, time.toMinutes());
        nights =
            Math.max(
                nights,
                shares.stream()
                    .mapToLong(share -> nights(share.minutes() + 1, minutes))
                    .max()
                    .orElse(1));
      }
    }
    return new Left(
        windows,
        all,
        nights,
        AccountQuotas.inWords(shares.stream().mapToLong(Share::minutes).max().orElse(0)));
  }

  private static long nights(long amount, long each) {
    return Math.max(1, (amount + each - 1) / each);
  }
}
