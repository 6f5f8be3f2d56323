package fathomexport.export;

import fathomexport.api.Outcome;
import fathomexport.ledger.RunRecord;
import fathomexport.report.SiteId;
import fathomexport.run.WindowOutcome;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Finds the sites whose queries failed in a pipeline's last run. The next run fetches them last.
 */
final class LastNight {
  private LastNight() {}

  /**
   * Returns those of the given sites whose own queries failed; not those that were not fetched
   * because the run ended.
   *
   * @param runs newest first
   */
  static Set<SiteId> troubled(List<RunRecord> runs, String pipeline, Collection<SiteId> sites) {
    List<String> windows =
        runs.stream()
            .filter(run -> run.pipeline().equals(pipeline))
            .filter(run -> !run.limited())
            .filter(run -> run.windowsPlanned() > 0 && run.finishedAt() != null)
            .limit(1)
            .flatMap(run -> run.messages().stream())
            .map(LastNight::window)
            .filter(window -> !window.isEmpty())
            .toList();
    return sites.stream()
        .filter(site -> windows.stream().anyMatch(window -> isOf(site, window)))
        .collect(Collectors.toSet());
  }

  /**
   * Returns the window at the start of a message about a site's own failure, or empty for any other
   * message.
   */
  private static String window(String line) {
    int halted = line.indexOf(": " + WindowOutcome.HALTED);
    if (halted > 0) {
      return line.startsWith(WindowOutcome.HALTED_AFTER_TROUBLE, halted + 2)
          ? line.substring(0, halted)
          : "";
    }
    if (line.contains(": " + WindowOutcome.LANE_ENDED)) {
      return "";
    }
    for (String words : List.of(Outcome.UNAVAILABLE, Outcome.UNUSABLE)) {
      int at = line.indexOf(": " + words);
      if (at > 0) {
        return line.substring(0, at);
      }
    }
    return "";
  }

  /** Returns whether a window's text (report, slice and days) is about a site. */
  private static boolean isOf(SiteId site, String window) {
    String slice = window.substring(window.indexOf(' ') + 1);
    return slice.startsWith(site + " ") || slice.startsWith(site + "/");
  }
}
