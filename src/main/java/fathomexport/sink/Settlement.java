package fathomexport.sink;

import fathomexport.ledger.CertificateStatus;
import java.util.Set;

/**
 * Decides which quarantined rows a commit settles. All sinks share this rule. A quarantined row is
 * evidence of a failure of its window, so it remains open as long as the failure does:
 *
 * <ul>
 *   <li>rows of the committed window are settled if all its periods succeeded, or if they belong to
 *       an earlier run, whose failure this run's own rows replace;
 *   <li>rows of another window are settled if it had failed at periods of the committed window, and
 *       none of its failed attempts is still open, whichever windows have covered its periods.
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
   * @param load the committed window
   * @param failedBefore the windows with open failed attempts, before the commit, at periods of the
   *     committed window
   * @param failedNow the windows of the report, site and event with open failed attempts, after the
   *     commit
   */
  public Settlement(WindowLoad load, Set<String> failedBefore, Set<String> failedNow) {
    this.window = load.window().id();
    this.run = load.provenance().runId();
    this.complete =
        load.periods().stream().noneMatch(c -> c.status() == CertificateStatus.INCOMPLETE);
    this.failedBefore = Set.copyOf(failedBefore);
    this.failedNow = Set.copyOf(failedNow);
  }

  /** Returns whether the quarantined rows of a window and run are settled. */
  public boolean settles(String windowId, String runId) {
    return windowId.equals(window)
        ? complete || !runId.equals(run)
        : failedBefore.contains(windowId) && !failedNow.contains(windowId);
  }
}
