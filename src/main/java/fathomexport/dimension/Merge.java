package fathomexport.dimension;

import fathomexport.report.Milestone;
import fathomexport.report.Site;
import fathomexport.report.SiteEvent;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Merges a sighting into what is known. Every sink stores the result of this one function, so that
 * all sinks agree. Merging the same sighting again changes nothing.
 */
public final class Merge {
  /** Longer names do not fit into an index of PostgreSQL; no owner chooses them. */
  static final int LONGEST_EVENT_BYTES = 2_000;

  private final Sighting seen;
  private final Instant at;
  private final Map<SiteId, SiteRow> sites;
  private final Map<SiteId, List<SiteSpan>> history;
  private final Map<Slice, EventRow> events;
  private final Map<SiteId, List<Milestone>> milestones;
  private final Map<SiteId, Instant> milestonesAskedAt;
  private final Map<Slice, Listing> listings;
  private final List<Change> changes = new ArrayList<>();

  private Merge(Dimensions known, Sighting seen) {
    this.seen = seen;
    // The resolution that every sink can store.
    this.at = seen.at().truncatedTo(ChronoUnit.MICROS);
    this.sites = new LinkedHashMap<>(known.sites());
    this.history = new LinkedHashMap<>(known.history());
    this.events = new LinkedHashMap<>(known.events());
    this.milestones = new LinkedHashMap<>(known.milestones());
    this.milestonesAskedAt = new LinkedHashMap<>(known.milestonesAskedAt());
    this.listings = new LinkedHashMap<>(known.listings());
  }

  /**
   * The result of a merge.
   *
   * @param changes what an operator should read about, in the order of the sighting
   */
  public record Result(Dimensions dimensions, List<Change> changes) {
    public Result {
      changes = List.copyOf(changes);
    }
  }

  /** Merges a sighting into what a sink knows. */
  public static Result of(Dimensions known, Sighting seen) {
    return new Merge(known, seen).merge();
  }

  private Result merge() {
    seen.sites().forEach(this::site);
    seen.events().forEach((site, list) -> list.forEach(event -> event(site, event)));
    seen.milestones().forEach(this::milestones);
    Sighting.Membership member = seen.member();
    if (member != null) {
      member(member);
    }
    return new Result(
        new Dimensions(sites, history, events, milestones, milestonesAskedAt, listings), changes);
  }

  private void site(Site site) {
    SiteRow before = sites.get(site.id());
    // What the API leaves out has not changed.
    String name = site.name().isEmpty() ? (before == null ? null : before.name()) : site.name();
    String zone =
        site.zone() == null ? (before == null ? null : before.zone()) : site.zone().getId();
    Instant created =
        site.createdAt() == null
            ? (before == null ? null : before.createdAt())
            : site.createdAt().truncatedTo(ChronoUnit.MICROS);
    List<String> domains =
        site.domains().isEmpty() && before != null ? before.domains() : site.domains();
    sites.put(
        site.id(),
        new SiteRow(
            site.id(),
            name,
            zone,
            created,
            domains,
            before == null ? at : earlier(before.firstSeenAt(), at),
            before == null ? at : later(before.lastSeenAt(), at),
            site.accountOrNull()));
    span(new SiteSpan(site.id(), name, zone, at, null));
    String account = site.accountOrNull();
    if (before != null
        && before.account() != null
        && account != null
        && !account.equals(before.account())) {
      changes.add(
          new Change(
              Change.ChangeKind.ACCOUNT, new Slice(site.id(), null), before.account(), account));
    }
  }

  /** Closes the present span of a site and opens this one, if they differ. */
  private void span(SiteSpan next) {
    List<SiteSpan> spans = new ArrayList<>(history.getOrDefault(next.site(), List.of()));
    if (spans.isEmpty()) {
      history.put(next.site(), List.of(next));
      return;
    }
    SiteSpan last = spans.remove(spans.size() - 1);
    boolean renamed = !Objects.equals(last.name(), next.name());
    boolean moved = !Objects.equals(last.zone(), next.zone());
    if (!renamed && !moved) {
      return;
    }
    Slice site = new Slice(next.site(), null);
    // A value that was not known before has not changed.
    if (renamed && last.name() != null) {
      changes.add(new Change(Change.ChangeKind.RENAMED, site, last.name(), next.name()));
    }
    if (moved && last.zone() != null) {
      changes.add(new Change(Change.ChangeKind.MOVED, site, last.zone(), next.zone()));
    }
    if (next.validFrom().isAfter(last.validFrom())) {
      spans.add(
          new SiteSpan(last.site(), last.name(), last.zone(), last.validFrom(), next.validFrom()));
      spans.add(next);
    } else {
      // The clock went back, or both are of the same moment: a span cannot end before it begins.
      spans.add(new SiteSpan(next.site(), next.name(), next.zone(), last.validFrom(), null));
    }
    history.put(next.site(), List.copyOf(spans));
  }

  private void event(SiteId site, SiteEvent event) {
    if (event.name().getBytes(StandardCharsets.UTF_8).length > LONGEST_EVENT_BYTES) {
      return;
    }
    Slice slice = new Slice(site, event.name());
    EventRow before = events.get(slice);
    // A currency that was not known before has not changed.
    if (before != null
        && before.currency() != null
        && !before.currency().equals(event.currency())) {
      changes.add(
          new Change(Change.ChangeKind.CURRENCY, slice, before.currency(), event.currency()));
    }
    events.put(
        slice,
        new EventRow(
            slice,
            event.currency(),
            before == null ? at : earlier(before.firstSeenAt(), at),
            before == null ? at : later(before.lastSeenAt(), at)));
  }

  /** Replaces the milestones of a site: its owner may have deleted or moved some. */
  private void milestones(SiteId site, Optional<List<Milestone>> found) {
    milestonesAskedAt.put(site, at);
    found.ifPresent(list -> milestones.put(site, List.copyOf(list)));
  }

  // --- What the lists of a pipeline contain

  private void member(Sighting.Membership member) {
    for (Site site : seen.sites()) {
      if (member.sites().contains(site.id())) {
        Slice slice = new Slice(site.id(), null);
        boolean known =
            listings.containsKey(slice)
                || member.stored().stream().anyMatch(s -> s.site().equals(site.id()));
        listed(slice);
        if (!known) {
          changes.add(Change.of(Change.ChangeKind.NEW_SITE, slice));
        }
      }
    }
    for (SiteId gone : member.gone()) {
      unlisted(new Slice(gone, null), Change.ChangeKind.SITE_GONE, member);
    }
    seen.events()
        .forEach(
            (site, list) -> {
              if (member.sites().contains(site)) {
                events(site, list, member);
              }
            });
  }

  private void events(SiteId site, List<SiteEvent> list, Sighting.Membership member) {
    listings.computeIfPresent(new Slice(site, null), (slice, known) -> known.withEventsListed(at));
    Set<Slice> present = new HashSet<>();
    list.forEach(event -> present.add(new Slice(site, event.name())));
    present.stream()
        .filter(s -> s.eventKey().getBytes(StandardCharsets.UTF_8).length <= LONGEST_EVENT_BYTES)
        .forEach(this::listed);
    Set<Slice> before = new HashSet<>(listings.keySet());
    before.addAll(member.stored());
    before.stream()
        .filter(s -> s.site().equals(site) && s.event() != null && !present.contains(s))
        .sorted((a, b) -> a.eventKey().compareTo(b.eventKey()))
        .forEach(s -> unlisted(s, Change.ChangeKind.EVENT_GONE, member));
  }

  private void listed(Slice slice) {
    Listing before = listings.get(slice);
    if (before == null) {
      listings.put(slice, Listing.first(slice, at));
    } else if (before.unlistedAt() != null) {
      listings.put(slice, before.back());
      changes.add(Change.of(Change.ChangeKind.BACK, slice));
    }
  }

  private void unlisted(Slice slice, Change.ChangeKind kind, Sighting.Membership member) {
    Listing before = listings.get(slice);
    if (before == null) {
      before = Listing.first(slice, at);
    } else if (before.unlistedAt() != null) {
      return;
    }
    listings.put(slice, before.unlisted(at, member.lastDays().get(slice)));
    SiteRow site = slice.event() == null ? sites.get(slice.site()) : null;
    changes.add(new Change(kind, slice, site == null ? null : site.name(), null));
  }

  private static Instant earlier(Instant a, Instant b) {
    return a.isBefore(b) ? a : b;
  }

  private static Instant later(Instant a, Instant b) {
    return a.isBefore(b) ? b : a;
  }
}
