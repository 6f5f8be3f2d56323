package fathomexport.export;

import fathomexport.inspect.Retired;
import fathomexport.inspect.SinkDifferences;
import fathomexport.inspect.StaleRanges;
import fathomexport.inspect.UnfetchedHistory;
import fathomexport.ledger.LedgerException;
import fathomexport.listing.Accounts;
import fathomexport.plan.Mode;
import fathomexport.plan.Plan;
import fathomexport.plan.Subject;
import fathomexport.report.SiteId;
import fathomexport.run.ExportJob;
import fathomexport.run.NewSites;
import fathomexport.run.RunEnvironment;
import fathomexport.run.SinksDiffer;
import fathomexport.run.StaleRange;
import fathomexport.run.UnlistedSite;
import fathomexport.sink.Sink;
import fathomexport.sink.SinkException;
import fathomexport.sinks.Sinks;
import java.time.Instant;
import java.time.ZoneId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a run finds out, and has the sinks derive, when its windows have ended. */
final class RunConclusion {
  private final ExportJob job;
  private final Mode mode;
  private final ExportServices services;
  private final RunEnvironment environment;
  private final Sinks sinks;

  RunConclusion(ExportJob job, Mode mode, ExportServices services, Sinks sinks) {
    this.job = job;
    this.mode = mode;
    this.services = services;
    this.environment = services.environment();
    this.sinks = sinks;
  }

  /**
   * Returns the sites that are new and whose history was not fetched; null if there are none, or if
   * the run is asked to stop.
   *
   * @param unlisted sites that the list of sites lacks, although they are not gone
   */
  @Nullable NewSites newSites(List<UnlistedSite> unlisted) {
    if (environment.stop().stopped()) {
      return null;
    }
    try {
      return UnfetchedHistory.of(
          job,
          sinks,
          sinks.all().get(0).dimensions().read(job.name()),
          Retired.of(job.name(), sinks),
          unlisted,
          environment.time().instant(),
          job.firstKept(environment.time().instant(), services.settings().api().maxRangeDays()));
    } catch (SinkException | LedgerException e) {
      environment.listener().notice("could not read which sites are new: " + e.getMessage());
      return null;
    }
  }

  /** Returns what the sinks hold differently after a nightly run; null if there is nothing. */
  @Nullable SinksDiffer sinksDiffer() {
    if (!(mode instanceof Mode.Nightly) || environment.stop().stopped()) {
      return null;
    }
    Instant now = environment.time().instant();
    try {
      return SinkDifferences.of(
          job, sinks, now, job.firstKept(now, services.settings().api().maxRangeDays()));
    } catch (SinkException | LedgerException e) {
      environment.listener().notice("whether the sinks differ cannot be read: " + e.getMessage());
      return null;
    }
  }

  /** Has the sinks derive what a run leaves to its end. The run's result does not depend on it. */
  void deriveWhatReadersNeed() {
    for (Sink sink : sinks.all()) {
      try {
        sink.runEnded(environment.stop()::stopped);
      } catch (SinkException | LedgerException e) {
        environment.listener().notice(Retention.andLater(e));
      }
    }
  }

  /**
   * Returns all ranges that are still stale after a run, whatever the time of their storage; none
   * if the run is asked to stop.
   */
  List<StaleRange> stale(Accounts.Found found, Plan plan) {
    if (plan.stale().isEmpty() || environment.stop().stopped()) {
      // Not worth reading the whole ledger every night, nor while a stop waits.
      return List.of();
    }
    Map<SiteId, String> zones = new HashMap<>();
    for (Subject subject : found.subjects()) {
      ZoneId zone = subject.site().zone();
      if (zone != null) {
        zones.put(subject.site().id(), zone.getId());
      }
    }
    return StaleRanges.of(
        job.reports(),
        found.subjects().stream().map(s -> s.site().id()).toList(),
        sinks,
        zones,
        Retired.of(job.name(), sinks));
  }
}
