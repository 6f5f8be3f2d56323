package fathomexport.export;

import fathomexport.listing.Accounts;
import fathomexport.run.ExportJob;
import fathomexport.run.PlannedRun;
import fathomexport.run.RunListener;
import fathomexport.run.UnlistedSite;
import fathomexport.run.WindowOutcome;
import fathomexport.sinks.Sinks;
import java.util.List;

/** What a run reports to people before its first window. */
final class RunNotices {
  private final ExportJob job;
  private final ExportServices services;
  private final RunListener listener;
  private final Sinks sinks;
  private final Accounts.Found found;
  private final RunPlanning.Planned planned;

  RunNotices(
      ExportJob job,
      ExportServices services,
      Sinks sinks,
      Accounts.Found found,
      RunPlanning.Planned planned) {
    this.job = job;
    this.services = services;
    this.listener = services.environment().listener();
    this.sinks = sinks;
    this.found = found;
    this.planned = planned;
  }

  /**
   * Reports what the run will do, what has failed already, and what is left out.
   *
   * @param expected what the run is expected to cost
   */
  void planned(PlannedRun expected, List<WindowOutcome> failed) {
    listener.planned(expected);
    found.notices().forEach(listener::notice);
    failed.forEach(listener::windowEnded);
    planned.events().leftOut().stream()
        .filter(e -> e.failure() == null)
        .forEach(e -> listener.notice(e.window() + ": " + e.message()));
    planned.plan().skippedInWords().ifPresent(listener::notice);
    planned.plan().outlivedInWords().ifPresent(listener::notice);
  }

  /** Reports what has changed of the sites, and which commands fetch the history of new ones. */
  void changed(DimensionUpdate.Found changed) {
    DimensionWords.of(changed, found.subjects(), job).forEach(listener::notice);
    if (!changed.unlisted().isEmpty()) {
      listener.notice(UnlistedSite.words(job.name(), changed.unlisted()));
    }
    if (!changed.isFirst()) {
      HistoryOffer.words(
              job.name(),
              changed.newSites(),
              planned.events().subjects(),
              services.planning().retention(job).firstDayOfAny(),
              planned.plan(),
              (subject, days) -> services.planning().cost(job, sinks, subject, days))
          .forEach(listener::notice);
    }
  }
}
