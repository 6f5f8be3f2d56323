package fathomexport.pipeline;

import java.util.Map;

/**
 * A run that is about to begin, and what it is expected to cost.
 *
 * @param command {@code run}, {@code backfill} or {@code snapshot}
 * @param leastRequests when the API does nothing unexpected and no answer reaches the row limit
 * @param likelyRequests with as many rows a period as the ledger has seen
 * @param requestsPerMinute the quota
 * @param expected likely requests of each window, controls included, by {@code Window.id()}; 0 for
 *     one whose rows come with another's
 */
public record PlannedRun(
    String runId,
    String pipeline,
    String command,
    long windows,
    long leastRequests,
    long likelyRequests,
    int requestsPerMinute,
    Map<String, Long> expected) {
  public PlannedRun {
    expected = Map.copyOf(expected);
  }
}
