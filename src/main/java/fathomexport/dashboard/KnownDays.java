package fathomexport.dashboard;

import fathomexport.dashboard.Facts.Day;
import fathomexport.dashboard.Facts.Period;
import fathomexport.report.ShownText;
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
import java.util.function.Predicate;

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

  /**
   * Returns for each period how many sites have days in it whose traffic is not known for good, of
   * how many sites, and the name of the first; no name if it is none.
   */
  List<List<Object>> partialSites() {
    return facts.periods().stream()
        .map(
            p ->
                counted(
                    facts.days.keySet(),
                    site ->
                        facts
                            .days
                            .getOrDefault(site, new TreeMap<>())
                            .subMap(p.first(), true, p.last(), true)
                            .values()
                            .stream()
                            .anyMatch(d -> !isKnown(d.state()))))
        .toList();
  }

  /** Returns the same by list, and for goals, of the days of the reports that fill it. */
  Map<String, List<List<Object>>> lackingSites() {
    Map<String, List<List<Object>>> lacking = new LinkedHashMap<>();
    sources()
        .forEach(
            (list, sources) ->
                lacking.put(
                    list,
                    facts.periods().stream()
                        .map(
                            p ->
                                counted(
                                    sources.keySet(),
                                    site ->
                                        !days(site, sources.getOrDefault(site, Set.of()), p, true)
                                            .unknown()
                                            .isEmpty()))
                        .toList()));
    return lacking;
  }

  private List<Object> counted(Set<String> sites, Predicate<String> isPartial) {
    List<String> names =
        sites.stream().filter(isPartial).map(s -> ShownText.cell(facts.title(s))).sorted().toList();
    return List.of(names.size(), sites.size(), names.isEmpty() ? "" : names.get(0));
  }

  private static boolean isKnown(String state) {
    return state.equals("complete") || state.equals("empty");
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
            Days days = days(one, reports, period, all);
            known.addAll(days.known());
            unknown.addAll(days.unknown());
          }
        });
    known.removeAll(unknown);
    return known.size();
  }

  /**
   * The days of a period that are known for good of some of a site's reports, and those that are
   * not.
   */
  private record Days(Set<LocalDate> known, Set<LocalDate> unknown) {}

  /**
   * @param fromFirstToLast whether the site counts from its first day to its last only
   */
  private Days days(String site, Set<String> reports, Period period, boolean fromFirstToLast) {
    Days days = new Days(new HashSet<>(), new HashSet<>());
    List<NavigableMap<LocalDate, String>> calendars = calendars(site, reports);
    LocalDate began = began(site, calendars);
    for (LocalDate day : period.first().datesUntil(end(period)).toList()) {
      for (NavigableMap<LocalDate, String> states : calendars) {
        if (isKnown(states.getOrDefault(day, "missing"))) {
          days.known().add(day);
        } else if (!fromFirstToLast || !(day.isBefore(began) || isOver(states, day))) {
          days.unknown().add(day);
        }
      }
    }
    return days;
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
    LocalDate last = facts.last(period);
    return last.isBefore(period.first()) ? period.first() : last.plusDays(1);
  }

  private long over(Period period) {
    return end(period).toEpochDay() - period.first().toEpochDay();
  }
}
