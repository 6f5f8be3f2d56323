package fathomexport.export;

import fathomexport.api.FathomClient;
import fathomexport.api.FathomClients;
import fathomexport.api.Outcome;
import fathomexport.api.Refusal;
import fathomexport.dimension.Change;
import fathomexport.dimension.Listing;
import fathomexport.dimension.Sighting;
import fathomexport.dimension.SiteRow;
import fathomexport.fetch.Accounts;
import fathomexport.fetch.SideBySide;
import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.LedgerException;
import fathomexport.plan.Subject;
import fathomexport.report.Currencies;
import fathomexport.report.Milestone;
import fathomexport.report.Report;
import fathomexport.report.Site;
import fathomexport.report.SiteEvent;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.ExportJob;
import fathomexport.run.RunEnvironment;
import fathomexport.run.Selection;
import fathomexport.run.UnlistedSite;
import fathomexport.sink.DimensionStore;
import fathomexport.sink.Sink;
import fathomexport.sink.SinkException;
import fathomexport.sinks.Sinks;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the tables of sites, events and milestones up to date during a run, and finds out what an
 * operator should read about. What fails here is reported, and the export continues: nothing that
 * is stored of reports depends on these tables.
 */
final class DimensionUpdate {
  private static final Logger LOG = LoggerFactory.getLogger(DimensionUpdate.class);

  /** Sites that have left the list are queried separately, at most so many per run. */
  private static final int MOST_CONFIRMED = 25;

  private static final long SECONDS_OF_DAY = Duration.ofDays(1).toSeconds();

  /** A pipeline that runs every hour does not need each site's milestones every hour. */
  private static final Duration MILESTONES_STAY_FRESH = Duration.ofHours(12);

  /** After so many sites without milestones, the API does not seem to offer them to this token. */
  private static final int MOST_UNAVAILABLE = 3;

  /** The longest time that a run spends on milestones; the next run begins with the other sites. */
  private static final Duration LONGEST_FOR_MILESTONES = Duration.ofMinutes(1);

  /** A line names at most so many sites without milestones. */
  private static final int SITES_NAMED = 10;

  private final ExportJob job;
  private final Sinks sinks;
  private final RunEnvironment environment;
  private final Currencies currencies;

  DimensionUpdate(ExportJob job, Sinks sinks, RunEnvironment environment, Currencies currencies) {
    this.job = job;
    this.sinks = sinks;
    this.environment = environment;
    this.currencies = currencies;
  }

  /**
   * Stores the sites and events that a run has found.
   *
   * @return what has changed, to be reported once
   */
  Found sitesAndEvents(FathomClients clients, Accounts.Found found) {
    try {
      return job.selection().equals(Selection.ALL) ? update(clients, found) : part(found);
    } catch (SinkException | LedgerException e) {
      complain(e);
      return Found.NOTHING;
    }
  }

  /**
   * What has changed since the last run.
   *
   * @param isFirst whether the pipeline had no sites before
   * @param lastDays the last stored day of each site and event that is gone
   * @param unlisted sites that are left out because the list lacks them, although they are not gone
   */
  record Found(
      List<Change> changes,
      boolean isFirst,
      Map<Slice, LocalDate> lastDays,
      List<UnlistedSite> unlisted) {
    static final Found NOTHING = new Found(List.of(), false, Map.of(), List.of());

    Found {
      changes = List.copyOf(changes);
      lastDays = Map.copyOf(lastDays);
      unlisted = List.copyOf(unlisted);
    }

    /** Returns the sites that the pipeline exports for the first time. */
    Set<SiteId> newSites() {
      return changes.stream()
          .filter(c -> c.kind() == Change.Kind.NEW_SITE)
          .map(c -> c.slice().site())
          .collect(Collectors.toCollection(LinkedHashSet::new));
    }
  }

  /**
   * Stores what a run of a part of the pipeline has read. Nothing is retired, since what the part
   * does not list may still exist; the next whole run says what is new.
   */
  private Found part(Accounts.Found found) {
    return new Found(record(found, null), false, Map.of(), List.of());
  }

  private Found update(FathomClients clients, Accounts.Found found) {
    List<Listing> listings = sinks.all().get(0).dimensions().listings(job.name());
    Set<Slice> stored = listings.isEmpty() ? storedSlices() : Set.of();
    Set<SiteId> members = new LinkedHashSet<>(found.sites());
    Set<SiteId> missing = missing(found, listings, stored);
    Set<SiteId> gone = gone(clients, found, missing);
    Map<Slice, LocalDate> lastDays = lastDays(found, listings, stored, gone);
    List<Change> changes =
        record(found, new Sighting.Membership(job.name(), members, gone, stored, lastDays));
    missing.removeAll(gone);
    return new Found(changes, listings.isEmpty() && stored.isEmpty(), lastDays, unlisted(missing));
  }

  /**
   * Stores what a run has read of sites and events.
   *
   * @param membership what the whole pipeline consists of; null if that was not read
   */
  private List<Change> record(Accounts.Found found, Sighting.@Nullable Membership membership) {
    Sighting sighting =
        new Sighting(
            environment.time().instant(),
            seen(found),
            withCurrencies(found.events()),
            Map.of(),
            membership);
    return record(sighting).orElse(List.of());
  }

  /**
   * Returns the sites that the run leaves out because the list lacks them. Of sites that the
   * pipeline names, the run has reported already why they cannot be read.
   */
  private List<UnlistedSite> unlisted(Set<SiteId> missing) {
    if (missing.isEmpty() || job.sites().isPresent()) {
      return List.of();
    }
    Map<SiteId, SiteRow> rows = sinks.all().get(0).dimensions().read("").sites();
    return missing.stream()
        .sorted()
        .map(
            site -> {
              SiteRow row = rows.get(site);
              return new UnlistedSite(site.value(), row == null ? null : row.name());
            })
        .toList();
  }

  /** Returns all sites that the API has described: those of the list, and those queried alone. */
  private static List<Site> seen(Accounts.Found found) {
    Map<SiteId, Site> sites = new LinkedHashMap<>();
    List<Site> listed = found.listed();
    if (listed != null) {
      listed.forEach(site -> sites.put(site.id(), site));
    }
    found.subjects().forEach(s -> sites.put(s.site().id(), s.site()));
    return List.copyOf(sites.values());
  }

  private Map<SiteId, List<SiteEvent>> withCurrencies(Map<SiteId, List<SiteEvent>> events) {
    Map<SiteId, List<SiteEvent>> known = new HashMap<>();
    events.forEach(
        (site, list) ->
            known.put(
                site,
                list.stream()
                    .map(
                        e ->
                            e.currency() == null
                                ? new SiteEvent(e.name(), currencies.of(site, e.name()))
                                : e)
                    .toList()));
    return known;
  }

  /** Returns what is stored of the job's reports. Read once, when no lists are recorded yet. */
  private Set<Slice> storedSlices() {
    Set<Slice> stored = new HashSet<>();
    for (Report report : job.reports()) {
      stored.addAll(sinks.ledger().slices(report.name()));
    }
    return stored;
  }

  /** Returns the sites of the pipeline that are not listed any more and not retired. */
  private Set<SiteId> missing(Accounts.Found found, List<Listing> listings, Set<Slice> stored) {
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
  private Set<SiteId> gone(FathomClients clients, Accounts.Found found, Set<SiteId> missing) {
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

  /** Returns the last stored day of each site and event that has left the lists. */
  private Map<Slice, LocalDate> lastDays(
      Accounts.Found found, List<Listing> listings, Set<Slice> stored, Set<SiteId> gone) {
    Set<Slice> left = new HashSet<>();
    gone.forEach(site -> left.add(new Slice(site, null)));
    Set<Slice> known = new HashSet<>(stored);
    listings.stream().filter(l -> l.unlistedAt() == null).forEach(l -> known.add(l.slice()));
    for (Slice slice : known) {
      List<SiteEvent> events = found.events().get(slice.site());
      if (slice.event() != null
          && events != null
          && events.stream().noneMatch(e -> e.name().equals(slice.event()))) {
        left.add(slice);
      }
    }
    if (left.isEmpty()) {
      return Map.of();
    }
    Map<Slice, LocalDate> days = new HashMap<>();
    Set<SiteId> sites = left.stream().map(Slice::site).collect(Collectors.toSet());
    for (Report report : job.reports()) {
      for (LedgerEntry entry : sinks.ledger().entries(report.name(), sites, LocalDate.EPOCH)) {
        if (entry.stored()) {
          LocalDate day = entry.certificate().coversTo();
          for (Slice slice : List.of(entry.slice(), new Slice(entry.slice().site(), null))) {
            if (left.contains(slice)) {
              days.merge(slice, day, (a, b) -> a.isBefore(b) ? b : a);
            }
          }
        }
      }
    }
    return days;
  }

  /**
   * Asks for the milestones of the job's sites, and stores them. None of the requests is billed.
   * The run holds its pipeline's lock meanwhile, so it waits for no site: the next run asks again.
   */
  void milestones(FathomClients clients, List<Subject> subjects) {
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
        record(Sighting.ofMilestones(now, found));
      }
    } catch (SinkException | LedgerException e) {
      complain(e);
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

  /**
   * Stores a sighting in every sink.
   *
   * @return the changes according to the first sink that stored it
   */
  private Optional<List<Change>> record(Sighting sighting) {
    Optional<List<Change>> first = Optional.empty();
    for (Sink sink : sinks.all()) {
      try {
        List<Change> changes = sink.dimensions().record(sighting);
        if (first.isEmpty()) {
          first = Optional.of(changes);
        }
      } catch (SinkException e) {
        complain(e);
      }
    }
    return first;
  }

  private void complain(RuntimeException e) {
    environment
        .listener()
        .notice(
            "the tables of sites, events and milestones were not updated, and the export continues"
                + " without: "
                + e.getMessage());
  }

  /** Stores the sites that the command {@code sites} has listed, where a run has prepared that. */
  static void listed(Sink sink, Instant at, List<Site> sites) {
    try {
      if (sink.dimensions().isPrepared()) {
        var unused = sink.dimensions().record(new Sighting(at, sites, Map.of(), Map.of(), null));
      }
    } catch (SinkException e) {
      LOG.warn("the table of sites was not updated: {}", e.getMessage());
    }
  }
}
