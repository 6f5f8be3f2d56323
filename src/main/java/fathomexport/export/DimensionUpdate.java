package fathomexport.export;

import fathomexport.api.FathomClients;
import fathomexport.dimension.Change;
import fathomexport.dimension.Listing;
import fathomexport.dimension.Sighting;
import fathomexport.dimension.SiteRow;
import fathomexport.ledger.LedgerEntry;
import fathomexport.ledger.LedgerException;
import fathomexport.listing.Accounts;
import fathomexport.report.Currencies;
import fathomexport.report.Report;
import fathomexport.report.Site;
import fathomexport.report.SiteEvent;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.ExportJob;
import fathomexport.run.RemovedAccount;
import fathomexport.run.RunEnvironment;
import fathomexport.run.Selection;
import fathomexport.run.UnlistedSite;
import fathomexport.sink.SinkException;
import fathomexport.sinks.Sinks;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the tables of sites and events up to date during a run, and finds out what an operator
 * should read about. What fails here is reported, and the export continues: nothing that is stored
 * of reports depends on these tables.
 */
final class DimensionUpdate {
  private final ExportJob job;
  private final Sinks sinks;
  private final RunEnvironment environment;
  private final Currencies currencies;
  private final SightingRecord records;

  /** The names of the accounts of the settings. */
  private final Set<String> accounts;

  DimensionUpdate(
      ExportJob job,
      Sinks sinks,
      RunEnvironment environment,
      Currencies currencies,
      Set<String> accounts) {
    this.accounts = Set.copyOf(accounts);
    this.job = job;
    this.sinks = sinks;
    this.environment = environment;
    this.currencies = currencies;
    this.records = new SightingRecord(sinks, environment);
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
      records.complain(e);
      return Found.NOTHING;
    }
  }

  /**
   * What has changed since the last run.
   *
   * @param isFirst whether the pipeline had no sites before
   * @param lastDays the last stored day of each site and event that is gone
   * @param unlisted sites that are left out because the list lacks them, although they are not gone
   * @param removed accounts that the settings no longer have, with their sites that are gone
   */
  record Found(
      List<Change> changes,
      boolean isFirst,
      Map<Slice, LocalDate> lastDays,
      List<UnlistedSite> unlisted,
      List<RemovedAccount> removed) {
    static final Found NOTHING = new Found(List.of(), false, Map.of(), List.of(), List.of());

    Found {
      changes = List.copyOf(changes);
      lastDays = Map.copyOf(lastDays);
      unlisted = List.copyOf(unlisted);
      removed = List.copyOf(removed);
    }

    /** Returns the sites that the pipeline exports for the first time. */
    Set<SiteId> newSites() {
      return changes.stream()
          .filter(c -> c.kind() == Change.ChangeKind.NEW_SITE)
          .map(c -> c.slice().site())
          .collect(Collectors.toCollection(LinkedHashSet::new));
    }
  }

  /**
   * Stores what a run of a part of the pipeline has read. Nothing is retired, since what the part
   * does not list may still exist; the next whole run says what is new.
   */
  private Found part(Accounts.Found found) {
    return new Found(record(found, null), false, Map.of(), List.of(), List.of());
  }

  private Found update(FathomClients clients, Accounts.Found found) {
    List<Listing> listings = sinks.all().get(0).dimensions().listings(job.name());
    Set<Slice> stored = listings.isEmpty() ? storedSlices() : Set.of();
    Set<SiteId> members = new LinkedHashSet<>(found.sites());
    MissingSites lost = new MissingSites(job, environment);
    Set<SiteId> missing = lost.of(found, listings, stored);
    Map<SiteId, String> orphans = found.listed() == null ? Map.of() : ofOtherAccounts(missing);
    Set<SiteId> asked = new LinkedHashSet<>(missing);
    asked.removeAll(orphans.keySet());
    Set<SiteId> gone = lost.gone(clients, found, asked);
    // No token is left that could say more of them.
    gone.addAll(clients.hasAll() ? orphans.keySet() : Set.of());
    Map<Slice, LocalDate> lastDays = lastDays(found, listings, stored, gone);
    List<Change> changes =
        record(found, new Sighting.Membership(job.name(), members, gone, stored, lastDays));
    missing.removeAll(gone);
    missing.removeAll(orphans.keySet());
    return new Found(
        changes,
        listings.isEmpty() && stored.isEmpty(),
        lastDays,
        unlisted(missing),
        removed(changes, orphans));
  }

  /** Returns those of some sites that an account listed last which the settings no longer have. */
  private Map<SiteId, String> ofOtherAccounts(Set<SiteId> missing) {
    Map<SiteId, String> others = new HashMap<>();
    if (!missing.isEmpty()) {
      Map<SiteId, SiteRow> rows = sinks.all().get(0).dimensions().read("").sites();
      for (SiteId site : missing) {
        SiteRow row = rows.get(site);
        if (row != null && row.account() != null && !accounts.contains(row.account())) {
          others.put(site, row.account());
        }
      }
    }
    return others;
  }

  private static List<RemovedAccount> removed(List<Change> changes, Map<SiteId, String> orphans) {
    Map<String, List<String>> sites = new TreeMap<>();
    for (Change change : changes) {
      String account = orphans.get(change.slice().site());
      if (change.kind() == Change.ChangeKind.SITE_GONE && account != null) {
        sites.computeIfAbsent(account, a -> new ArrayList<>()).add(change.slice().site().value());
      }
    }
    return sites.entrySet().stream()
        .map(e -> new RemovedAccount(e.getKey(), e.getValue()))
        .toList();
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
    return records.record(sighting).orElse(List.of());
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
}
