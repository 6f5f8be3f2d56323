package fathomexport.export;

import fathomexport.ledger.RunRecord;
import fathomexport.report.SiteId;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Finds the sites whose queries failed in a pipeline's last run. The next run fetches them last.
 */
final class LastNight {
  private LastNight() {}

  /**
   * Returns those of the given sites whose own queries failed; not those that were not fetched
   * because the run ended. None if the run was of a version that did not record them: then all
   * sites are fetched in their usual order.
   *
   * @param runs newest first
   */
  static Set<SiteId> troubled(List<RunRecord> runs, String pipeline, Collection<SiteId> sites) {
    Set<SiteId> failed =
        runs.stream()
            .filter(run -> run.pipeline().equals(pipeline))
            .filter(run -> !run.limited())
            .filter(run -> run.windowsPlanned() > 0 && run.finishedAt() != null)
            .findFirst()
            .map(run -> Objects.requireNonNullElse(run.troubledSites(), Set.<SiteId>of()))
            .orElse(Set.of());
    return sites.stream().filter(failed::contains).collect(Collectors.toSet());
  }
}
