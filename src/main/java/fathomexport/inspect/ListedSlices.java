package fathomexport.inspect;

import fathomexport.dimension.Dimensions;
import fathomexport.dimension.Listing;
import fathomexport.dimension.SiteRow;
import fathomexport.report.EventSelection;
import fathomexport.report.Report;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.ExportJob;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The sites and events that the API lists to a pipeline, as far as runs have recorded that: of each
 * of them something is to be stored. What is retired is not among them.
 */
final class ListedSlices {
  private final ExportJob job;
  private final Dimensions known;
  private final Map<SiteId, Listing> sites = new TreeMap<>();
  private final Map<SiteId, Set<String>> events = new TreeMap<>();

  /**
   * @param job its sites, if it names any, are those that are looked at
   * @param known what is known of the sites and of the pipeline's lists
   */
  ListedSlices(ExportJob job, Dimensions known, Retired retired) {
    this.job = job;
    this.known = known;
    for (Listing listing : known.listings().values()) {
      Slice slice = listing.slice();
      if (listing.unlistedAt() == null
          && !retired.covers(slice)
          && job.sites().map(named -> named.contains(slice.site())).orElse(true)) {
        String event = slice.event();
        if (event == null) {
          sites.put(slice.site(), listing);
        } else {
          events.computeIfAbsent(slice.site(), s -> new TreeSet<>()).add(event);
        }
      }
    }
  }

  Set<SiteId> sites() {
    return sites.keySet();
  }

  /** Returns the sites that are named for the job and that no run has seen, if any are known. */
  List<SiteId> unknown() {
    return known.sites().isEmpty()
        ? List.of()
        : job.sites().orElse(List.of()).stream()
            .filter(site -> !known.sites().containsKey(site))
            .toList();
  }

  /**
   * Returns the slices of a report of which something is to be stored. Where a site has more events
   * than a run fetches, only those are among them that reports name, since which of the others a
   * run chooses is not recorded: {@link #lacking} counts them.
   */
  Set<Slice> of(Report report) {
    Set<Slice> slices = new HashSet<>();
    if (report.events() == null) {
      sites.keySet().forEach(site -> slices.add(new Slice(site, null)));
      return slices;
    }
    events.forEach(
        (site, names) ->
            names.stream()
                .filter(event -> isWanted(report, event))
                .filter(event -> isFetchedWhole(report, names) || named().contains(event))
                .forEach(event -> slices.add(new Slice(site, event))));
    return slices;
  }

  private static boolean isWanted(Report report, String event) {
    return !(report.events() instanceof EventSelection.Named named)
        || named.names().contains(event);
  }

  private boolean isFetchedWhole(Report report, Set<String> names) {
    return !(report.events() instanceof EventSelection.All) || names.size() <= job.mostEvents();
  }

  private Set<String> named() {
    Set<String> named = new HashSet<>();
    for (Report report : job.reports()) {
      if (report.events() instanceof EventSelection.Named selection) {
        named.addAll(selection.names());
      }
    }
    return named;
  }

  /**
   * Returns how many events of each site are still to be stored of a report on all events, where
   * the site has more than a run fetches.
   *
   * @param stored the report's slices of which something is stored
   */
  Map<SiteId, Long> lacking(Report report, Set<Slice> stored) {
    Map<SiteId, Long> lacking = new TreeMap<>();
    events.forEach(
        (site, names) -> {
          if (!isFetchedWhole(report, names)) {
            long there = names.stream().filter(e -> stored.contains(new Slice(site, e))).count();
            if (there < job.mostEvents()) {
              lacking.put(site, job.mostEvents() - there);
            }
          }
        });
    return lacking;
  }

  /** Returns the sites whose lists of events the pipeline has never read. */
  List<SiteId> withoutEventList() {
    List<SiteId> unread = new ArrayList<>();
    sites.forEach(
        (site, listing) -> {
          // Before that was recorded, the events themselves were.
          boolean read =
              listing.eventsListedAt() != null
                  || known.listings().keySet().stream()
                      .anyMatch(slice -> slice.site().equals(site) && slice.event() != null);
          if (!read) {
            unread.add(site);
          }
        });
    return unread;
  }

  /**
   * Returns the first day that a run fetches for sure of a slice: the day before it was first
   * listed, or the day on which its site was created. Empty if it is not listed.
   */
  Optional<LocalDate> firstDay(Slice slice) {
    Listing listing = known.listings().get(slice);
    if (listing == null) {
      return Optional.empty();
    }
    Site site = site(slice.site());
    LocalDate before =
        listing.firstListedAt().atZone(site.closingZone()).toLocalDate().minusDays(1);
    return Optional.of(before.isBefore(site.firstDay()) ? site.firstDay() : before);
  }

  /** Returns whether a slice was listed by a time, as far as is recorded. */
  boolean isListedAt(Slice slice, Instant time) {
    Listing listing = known.listings().get(slice);
    return listing != null && !listing.firstListedAt().isAfter(time);
  }

  /** Returns the zone that decides which days of a site are over, as the API reported it last. */
  ZoneId zone(SiteId site) {
    return site(site).closingZone();
  }

  private Site site(SiteId id) {
    SiteRow row = known.sites().get(id);
    return row == null
        ? new Site(id, "", null)
        : new Site(id, "", row.zone() == null ? null : ZoneId.of(row.zone()), row.createdAt());
  }
}
