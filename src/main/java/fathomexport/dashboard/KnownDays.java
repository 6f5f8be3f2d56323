package fathomexport.dashboard;

import fathomexport.dashboard.Facts.Day;
import fathomexport.dashboard.Facts.Period;
import java.time.LocalDate;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;

/**
 * Of how many days everything is known that a list of the page adds up. Its rows cannot tell: a day
 * without rows may be empty, or may never have been measured.
 */
final class KnownDays {
  private static final String GOALS = "goals";

  private final Facts facts;

  KnownDays(Facts facts) {
    this.facts = facts;
  }

  /**
   * Returns by list, and for goals, the number of known days of each period, and of its days that
   * are over; nothing for a list that the site does not have.
   */
  Map<String, Object> of(String site) {
    Map<String, Object> known = new LinkedHashMap<>();
    sources()
        .forEach(
            (list, sources) -> {
              if (site.equals(Facts.ALL_SITES) || sources.containsKey(site)) {
                known.put(
                    list,
                    facts.periods().stream()
                        .map(p -> List.of(known(sources, site, p), over(p)))
                        .toList());
              }
            });
    return known;
  }

  /**
   * Returns by list how many sites with traffic are not in it, since no report of theirs fills it.
   * A site without goals may have no events.
   */
  Map<String, Long> sitesWithout() {
    Map<String, Long> without = new LinkedHashMap<>();
    facts.listSources.forEach(
        (kind, sources) ->
            without.put(
                name(kind),
                facts.days.keySet().stream().filter(s -> !sources.containsKey(s)).count()));
    return without;
  }

  /** Returns by list, and for goals, which reports fill it for each site. */
  private Map<String, Map<String, Set<String>>> sources() {
    Map<String, Map<String, Set<String>>> sources = new LinkedHashMap<>();
    facts.listSources.forEach((kind, ofList) -> sources.put(name(kind), ofList));
    sources.put(GOALS, facts.goalSources);
    return sources;
  }

  private static String name(ListKind kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }

  /** Of all sites together, a site counts from its first day to its last. */
  private long known(Map<String, Set<String>> sources, String site, Period period) {
    boolean all = site.equals(Facts.ALL_SITES);
    Set<LocalDate> known = new HashSet<>();
    Set<LocalDate> unknown = new HashSet<>();
    sources.forEach(
        (one, reports) -> {
          if (all || one.equals(site)) {
            List<NavigableMap<LocalDate, String>> calendars = calendars(one, reports);
            LocalDate began = began(one, calendars);
            for (LocalDate day : period.first().datesUntil(end(period)).toList()) {
              for (NavigableMap<LocalDate, String> states : calendars) {
                String state = states.getOrDefault(day, "missing");
                if (state.equals("complete") || state.equals("empty")) {
                  known.add(day);
                } else if (!all || !(day.isBefore(began) || isOver(states, day))) {
                  unknown.add(day);
                }
              }
            }
          }
        });
    known.removeAll(unknown);
    return known.size();
  }

  private List<NavigableMap<LocalDate, String>> calendars(String site, Set<String> reports) {
    return reports.stream()
        .map(r -> facts.calendar.getOrDefault(r, Map.of()).getOrDefault(site, new TreeMap<>()))
        .toList();
  }

  /** Returns whether a day lies behind the last one of a calendar, as of a retired site. */
  private static boolean isOver(NavigableMap<LocalDate, String> states, LocalDate day) {
    return states.isEmpty() || day.isAfter(states.lastKey());
  }

  /** Returns the first day that is known of a site; the end of time if none is. */
  private LocalDate began(String site, Collection<NavigableMap<LocalDate, String>> calendars) {
    NavigableMap<LocalDate, Day> traffic = facts.days.getOrDefault(site, new TreeMap<>());
    return traffic.isEmpty()
        ? calendars.stream()
            .filter(c -> !c.isEmpty())
            .map(NavigableMap::firstKey)
            .min(LocalDate::compareTo)
            .orElse(LocalDate.MAX)
        : traffic.firstKey();
  }

  /** Returns the day after the last one of a period that is over; its first day, if none is. */
  private LocalDate end(Period period) {
    LocalDate last = period.last().isAfter(facts.end()) ? facts.end() : period.last();
    return last.isBefore(period.first()) ? period.first() : last.plusDays(1);
  }

  private long over(Period period) {
    return end(period).toEpochDay() - period.first().toEpochDay();
  }
}
