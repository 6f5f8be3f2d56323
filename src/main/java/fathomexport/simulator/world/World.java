package fathomexport.simulator.world;

import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The raw records that a simulator answers from: sites, their pageviews and their events.
 *
 * <p>It can be changed while a simulator serves it (late data, a new zone); every method is
 * thread-safe.
 */
public final class World {
  private static final Instant LONG_AGO = Instant.parse("2021-03-01T00:00:00Z");

  private final Map<String, Records> records = new LinkedHashMap<>();
  private long changes;

  private static final class Records {
    private SimulatedSite site;
    private long version;
    private final List<EventDefinition> events = new ArrayList<>();
    private final Map<String, SimulatedMilestone> milestones = new LinkedHashMap<>();
    private final Log<PageView> pageViews = new Log<>();
    private final Log<Conversion> conversions = new Log<>();

    private Records(SimulatedSite site) {
      this.site = site;
    }
  }

  /** An append-only list with a copy for readers, which is made once per change. */
  private static final class Log<T> {
    private final List<T> all = new ArrayList<>();
    private @Nullable List<T> copy;

    private void addAll(Collection<T> more) {
      all.addAll(more);
      copy = null;
    }

    private List<T> read() {
      List<T> known = copy;
      if (known == null) {
        known = List.copyOf(all);
        copy = known;
      }
      return known;
    }
  }

  /** Creates a world without sites. */
  public static World empty() {
    return new World();
  }

  /** Creates {@link #dozen(long, LocalDate, LocalDate, int)} with 12,000 pages on the burst day. */
  public static World dozen(long seed, LocalDate from, LocalDate to) {
    return dozen(seed, from, to, 12_000);
  }

  /**
   * Creates twelve sites in as many zones: one busy, one with a burst day in the middle of the
   * range, one empty, several quiet with days without traffic, and pages with odd names. The same
   * arguments give the same world. No record falls on the last second of a local day, about which
   * an exclusive and an inclusive {@code date_to} disagree.
   *
   * @param from first local day with traffic
   * @param to last local day with traffic
   * @param burstPages distinct (hostname, pathname, referrer_hostname) on the burst day; 0 for none
   */
  public static World dozen(long seed, LocalDate from, LocalDate to, int burstPages) {
    return new DozenSites(seed, from, to, burstPages).build();
  }

  /** The id of the site of {@link #dozen} that has the burst day. */
  public static final String BURST_SITE = "NYCPRSSD";

  /** The id of the busiest site of {@link #dozen}. */
  public static final String BUSY_SITE = "KQWZTRBM";

  /** The id of the site of {@link #dozen} that has no traffic. */
  public static final String EMPTY_SITE = "NOVISITS";

  /** Returns the local day of the burst in {@link #dozen}: the middle of its range. */
  public static LocalDate burstDay(LocalDate from, LocalDate to) {
    return from.plusDays((to.toEpochDay() - from.toEpochDay()) / 2);
  }

  /** Adds a site, created after the existing ones. */
  public synchronized World addSite(String id, ZoneId zone) {
    return addSite(
        new SimulatedSite(id, "Site " + id, zone, LONG_AGO.plusSeconds(60L * records.size())));
  }

  public synchronized World addSite(SimulatedSite site) {
    if (records.putIfAbsent(site.id(), new Records(site)) != null) {
      throw new IllegalArgumentException("site " + site.id() + " already exists");
    }
    changes++;
    return this;
  }

  /** Defines an event by name, with a new id. Names may repeat. */
  public synchronized World addEvent(String site, String name) {
    Records r = of(site);
    int n = r.events.size() + 1;
    return addEvent(
        site,
        new EventDefinition(
            site + "E" + n, name, "USD", r.site.createdAt().plusSeconds(3600L * n)));
  }

  public synchronized World addEvent(String site, EventDefinition event) {
    of(site).events.add(event);
    changes++;
    return this;
  }

  public World add(String site, PageView... pageViews) {
    return addPageViews(site, List.of(pageViews));
  }

  public World add(String site, Conversion... conversions) {
    return addConversions(site, List.of(conversions));
  }

  public synchronized World addPageViews(String site, Collection<PageView> pageViews) {
    Records r = of(site);
    r.pageViews.addAll(pageViews);
    r.version = ++changes;
    return this;
  }

  /**
   * Adds completions.
   *
   * @throws IllegalArgumentException if an event is not defined
   */
  public synchronized World addConversions(String site, Collection<Conversion> conversions) {
    Records r = of(site);
    for (Conversion c : conversions) {
      if (r.events.stream().noneMatch(e -> e.name().equals(c.event()))) {
        throw new IllegalArgumentException("site " + site + " has no event " + c.event());
      }
    }
    r.conversions.addAll(conversions);
    r.version = ++changes;
    return this;
  }

  /**
   * Changes a site's time zone, as its owner can. All its records then belong to the days of the
   * new zone.
   */
  public synchronized World setZone(String site, ZoneId zone) {
    Records r = of(site);
    r.site = r.site.inZone(zone);
    r.version = ++changes;
    return this;
  }

  /** Changes a site's name, as its owner can. */
  public synchronized World renameSite(String site, String name) {
    Records r = of(site);
    r.site = new SimulatedSite(site, name, r.site.zone(), r.site.createdAt());
    changes++;
    return this;
  }

  /** Deletes a site with all its records, as its owner can. */
  public synchronized World removeSite(String site) {
    of(site);
    records.remove(site);
    changes++;
    return this;
  }

  /** Deletes an event's definition, as its owner can. Its completions remain. */
  public synchronized World removeEvent(String site, String name) {
    if (!of(site).events.removeIf(e -> e.name().equals(name))) {
      throw new IllegalArgumentException("site " + site + " has no event " + name);
    }
    changes++;
    return this;
  }

  /** Puts a note on a site's timeline, or replaces the one with this id. */
  public synchronized World putMilestone(String site, SimulatedMilestone milestone) {
    of(site).milestones.put(milestone.id(), milestone);
    changes++;
    return this;
  }

  public synchronized World removeMilestone(String site, String id) {
    of(site).milestones.remove(id);
    changes++;
    return this;
  }

  /** Returns the notes on a site's timeline, oldest first. */
  public synchronized List<SimulatedMilestone> milestones(String site) {
    return List.copyOf(of(site).milestones.values());
  }

  /** Returns all sites, oldest first. */
  public synchronized List<SimulatedSite> sites() {
    return records.values().stream()
        .map(r -> r.site)
        .sorted(Comparator.comparing(SimulatedSite::createdAt))
        .toList();
  }

  public synchronized Optional<SimulatedSite> site(String id) {
    return Optional.ofNullable(records.get(id)).map(r -> r.site);
  }

  /** Returns the events of a site in the order of their definition. */
  public synchronized List<EventDefinition> events(String site) {
    return List.copyOf(of(site).events);
  }

  /** Returns the distinct names of a site's events, in the order of their definition. */
  public List<String> eventNames(String site) {
    return events(site).stream().map(EventDefinition::name).distinct().toList();
  }

  /** Returns an immutable copy, in no particular order. */
  public synchronized List<PageView> pageViews(String site) {
    return of(site).pageViews.read();
  }

  /** Returns an immutable copy, in no particular order. */
  public synchronized List<Conversion> conversions(String site) {
    return of(site).conversions.read();
  }

  /**
   * Returns the instant of a site's local time, the earlier one if that time occurs twice.
   *
   * @throws IllegalArgumentException if the local time does not exist in the site's zone
   */
  public Instant instant(String site, LocalDateTime local) {
    return site(site)
        .orElseThrow(() -> new IllegalArgumentException("no site " + site))
        .zone()
        .getRules()
        .getValidOffsets(local)
        .stream()
        .findFirst()
        .map(local::toInstant)
        .orElseThrow(
            () -> new IllegalArgumentException(local + " does not exist in the zone of " + site));
  }

  /** Creates a pageview with {@link PageView#at} at a site's local time. */
  public PageView viewAt(String site, LocalDateTime local) {
    return PageView.at(instant(site, local));
  }

  /** Returns a number that increases whenever the records behind the site's reports change. */
  public synchronized long version(String site) {
    return of(site).version;
  }

  private Records of(String site) {
    Records r = records.get(site);
    if (r == null) {
      throw new IllegalArgumentException("no site " + site);
    }
    return r;
  }
}
