package fathomexport.export;

import fathomexport.api.FathomClient;
import fathomexport.api.FathomClients;
import fathomexport.api.Outcome;
import fathomexport.api.answer.Refusal;
import fathomexport.dimension.Sighting;
import fathomexport.ledger.LedgerException;
import fathomexport.listing.SideBySide;
import fathomexport.plan.Subject;
import fathomexport.report.Milestone;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import fathomexport.run.RunEnvironment;
import fathomexport.sink.DimensionStore;
import fathomexport.sink.SinkException;
import fathomexport.sinks.Sinks;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Keeps the table of milestones up to date, in the time that a run has left for it. */
final class MilestoneUpdate {
  /** A pipeline that runs every hour does not need each site's milestones every hour. */
  private static final Duration MILESTONES_STAY_FRESH = Duration.ofHours(12);

  /** After so many sites without milestones, the API does not seem to offer them to this token. */
  private static final int MOST_UNAVAILABLE = 3;

  /** The longest time that a run spends on milestones; the next run begins with the other sites. */
  private static final Duration LONGEST_FOR_MILESTONES = Duration.ofMinutes(1);

  /** A line names at most so many sites without milestones. */
  private static final int SITES_NAMED = 10;

  private final SightingRecord records;
  private final Sinks sinks;
  private final RunEnvironment environment;

  MilestoneUpdate(Sinks sinks, RunEnvironment environment) {
    this.records = new SightingRecord(sinks, environment);
    this.sinks = sinks;
    this.environment = environment;
  }

  /**
   * Asks for the milestones of the job's sites, and stores them. None of the requests is billed.
   * The run holds its pipeline's lock meanwhile, so it waits for no site: the next run asks again.
   */
  void update(FathomClients clients, List<Subject> subjects) {
    try {
      DimensionStore store = sinks.all().get(0).dimensions();
      Map<SiteId, Instant> asked = store.read("").milestonesAskedAt();
      Instant now = environment.time().instant();
      Map<String, List<SiteId>> due =
          subjects.stream()
              .map(Subject::site)
              .filter(
                  site ->
                      !asked
                          .getOrDefault(site.id(), Instant.MIN)
                          .isAfter(now.minus(MILESTONES_STAY_FRESH)))
              .sorted(Comparator.comparing(site -> asked.getOrDefault(site.id(), Instant.MIN)))
              .collect(
                  Collectors.groupingBy(
                      Site::account,
                      LinkedHashMap::new,
                      Collectors.mapping(Site::id, Collectors.toList())));
      Map<SiteId, Optional<List<Milestone>>> found = new LinkedHashMap<>();
      SideBySide.each(
              List.copyOf(due.entrySet()),
              own -> ask(clients.of(own.getKey()).dispensable(), own.getValue()))
          .forEach(found::putAll);
      if (!found.isEmpty()) {
        records.record(Sighting.ofMilestones(now, found));
      }
    } catch (SinkException | LedgerException e) {
      records.complain(e);
    }
  }

  private Map<SiteId, Optional<List<Milestone>>> ask(FathomClient client, List<SiteId> due) {
    Map<SiteId, Optional<List<Milestone>>> found = new LinkedHashMap<>();
    Map<SiteId, Outcome.Failure<?>> failed = new LinkedHashMap<>();
    int refusedInARow = 0;
    long start = environment.time().nanos();
    for (SiteId site : due) {
      boolean offered =
          found.size() < MOST_UNAVAILABLE || found.values().stream().anyMatch(Optional::isPresent);
      if (environment.stop().stopped()
          || !offered
          || refusedInARow >= MOST_UNAVAILABLE
          || environment.time().nanos() - start > LONGEST_FOR_MILESTONES.toNanos()) {
        break;
      }
      Outcome<Optional<List<Milestone>>> outcome = client.milestones(site);
      if (outcome instanceof Outcome.Failure<?> failure) {
        if (failure instanceof Outcome.Stopped<?>) {
          break;
        }
        failed.put(site, failure);
        if (!concernsOneSite(failure)) {
          break;
        }
      }
      refusedInARow = outcome instanceof Outcome.Refused<?> ? refusedInARow + 1 : 0;
      outcome.value().ifPresent(list -> found.put(site, list));
    }
    notRead(failed, due.size() - found.size() - failed.size());
    return found;
  }

  /** Returns whether the milestones of other sites may be read in spite of a failure. */
  private static boolean concernsOneSite(Outcome.Failure<?> failure) {
    if (failure instanceof Outcome.Unavailable<?> unavailable) {
      return !unavailable.endsRun() && unavailable.cause() != Outcome.Unavailable.Cause.INTERRUPTED;
    }
    return failure instanceof Outcome.Malformed<?>
        || (failure instanceof Outcome.Refused<?> refused
            && refused.refusal() != Refusal.CREDENTIALS
            && refused.refusal() != Refusal.SUBSCRIPTION);
  }

  /**
   * Reports once which milestones could not be read.
   *
   * @param left number of sites that were neither read nor failed
   */
  private void notRead(Map<SiteId, Outcome.Failure<?>> failed, int left) {
    if (failed.isEmpty()) {
      return;
    }
    Map.Entry<SiteId, Outcome.Failure<?>> first = failed.entrySet().iterator().next();
    environment
        .listener()
        .notice(
            "the milestones of "
                + (failed.size() == 1 ? "site " : failed.size() + " sites (")
                + failed.keySet().stream()
                    .limit(SITES_NAMED)
                    .map(SiteId::value)
                    .collect(Collectors.joining(", "))
                + (failed.size() > SITES_NAMED ? ", ..." : "")
                + (failed.size() == 1 ? "" : ")")
                + " could not be read, and the next run asks again: "
                + first.getValue().describe()
                + (left == 0 ? "" : "; not asked for those of " + left + " more"));
  }
}
