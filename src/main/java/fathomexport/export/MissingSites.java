package fathomexport.export;

import fathomexport.api.FathomClients;
import fathomexport.api.Outcome;
import fathomexport.api.answer.Refusal;
import fathomexport.dimension.Listing;
import fathomexport.listing.Accounts;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.ExportJob;
import fathomexport.run.RunEnvironment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Finds the sites that the lists have lost, and which of them are gone. */
final class MissingSites {
  /** Sites that have left the list are queried separately, at most so many per run. */
  private static final int MOST_CONFIRMED = 25;

  private static final long SECONDS_OF_DAY = Duration.ofDays(1).toSeconds();

  private final ExportJob job;
  private final RunEnvironment environment;

  MissingSites(ExportJob job, RunEnvironment environment) {
    this.job = job;
    this.environment = environment;
  }

  /** Returns the sites of the pipeline that are not listed any more and not retired. */
  Set<SiteId> of(Accounts.Found found, List<Listing> listings, Set<Slice> stored) {
    Set<SiteId> missing = new LinkedHashSet<>();
    listings.stream()
        .filter(l -> l.slice().event() == null && l.unlistedAt() == null)
        .forEach(l -> missing.add(l.slice().site()));
    stored.forEach(s -> missing.add(s.site()));
    found.sites().forEach(missing::remove);
    List<Site> listed = found.listed();
    if (listed != null) {
      listed.forEach(site -> missing.remove(site.id()));
    }
    Optional<List<SiteId>> configured = job.sites();
    if (configured.isPresent()) {
      missing.retainAll(configured.get());
    } else if (listed == null) {
      missing.clear();
    }
    return missing;
  }

  /**
   * Returns which of the sites that are not listed are gone. A list may be cut off, so each of them
   * is queried separately, in every account, before that is believed.
   */
  Set<SiteId> gone(FathomClients clients, Accounts.Found found, Set<SiteId> missing) {
    List<Site> listed = found.listed();
    Set<SiteId> gone = new LinkedHashSet<>();
    if (!clients.hasAll()) {
      return gone;
    }
    long day = environment.time().instant().getEpochSecond() / SECONDS_OF_DAY;
    for (SiteId site : queried(missing, day)) {
      if (clients.all().stream().allMatch(client -> isGone(client.site(site), listed != null))) {
        gone.add(site);
      }
    }
    return gone;
  }

  /**
   * Returns the sites to query on a day. If there are too many for one run, the next day takes the
   * next ones, so that each has its turn, however many of the others still exist.
   */
  static List<SiteId> queried(Set<SiteId> missing, long day) {
    List<SiteId> turns = new ArrayList<>(missing.stream().sorted().toList());
    if (turns.size() > MOST_CONFIRMED) {
      Collections.rotate(turns, -Math.floorMod(day * MOST_CONFIRMED, turns.size()));
    }
    return List.copyOf(turns.subList(0, Math.min(MOST_CONFIRMED, turns.size())));
  }

  private static boolean isGone(Outcome<Site> alone, boolean mayList) {
    return alone instanceof Outcome.Refused<?> refused
        && (refused.refusal() == Refusal.NOT_FOUND
            // A token that may list all sites but not read this one: the site has left its reach.
            || (refused.refusal() == Refusal.PERMISSION && mayList));
  }
}
