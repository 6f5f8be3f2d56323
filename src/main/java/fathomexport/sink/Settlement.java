package fathomexport.sink;

import fathomexport.ledger.CertificateStatus;
import java.util.Set;

/**
 * Decides which quarantined rows a commit settles: the one rule of all sinks. A row is evidence of
 * what its window failed at, so it stands for as long as the failure does:
 *
 * <ul>
 *   <li>rows of the committed window itself are settled when all its periods succeeded, or when
 *       they are those of an earlier run, whose failure this run's own rows replace;
 *   <li>rows of another window are settled when it had failed at periods of the committed window,
 *       and no failed attempt of it is left open: whatever windows have covered its periods.
 * </ul>
 *
 * Only rows of the same report, site and event are ever settled.
 */
public final class Settlement {
  private final String window;
  private final String run;
  private final boolean complete;
  private final Set<String> failedBefore;
  private final Set<String> failedNow;

  /**
   * @param load what was committed
   * @param failedBefore the windows with open failed attempts, before the commit, at periods of the
   *     committed window
   * @param failedNow the windows of the report, site and event with open failed attempts, after it
   */
  public Settlement(WindowLoad load, Set<String> failedBefore, Set<String> failedNow) {
    this.window = load.window().id();
    this.run = load.provenance().runId();
    this.complete =
        load.periods().stream().noneMatch(c -> c.status() == CertificateStatus.INCOMPLETE);
    this.failedBefore = Set.copyOf(failedBefore);
    this.failedNow = Set.copyOf(failedNow);
  }

  /** Whether the rows that a run quarantined of a window are settled. */
  public boolean settles(String windowId, String runId) {
    return windowId.equals(window)
        ? complete || !runId.equals(run)
        : failedBefore.contains(windowId) && !failedNow.contains(windowId);
  }
}
