package fathomexport.run;

import fathomexport.report.DayRange;
import fathomexport.report.Program;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Finds the few backfills that fetch what is wanted and as little else as possible. A backfill does
 * not fetch again what is complete, so only days that were never stored cost something: those
 * before a report or a site was first stored, and all days of what the pipeline has not stored yet.
 */
public final class BackfillCommands {
  /** The most commands that are suggested together: more are not typed, and hide the first. */
  public static final int MOST = 3;

  /**
   * The most sites, or reports, that a command names: beyond that it covers all of them, unless the
   * others would be fetched for the first time.
   */
  private static final int NAMED = 8;

  /** The most sites that a command names so as not to fetch days of others for the first time. */
  private static final int NAMED_TO_SPARE = 40;

  /** More ranges than this are first combined in order of their days, without comparing all. */
  private static final int COMPARED = 24;

  private final Scope scope;

  private BackfillCommands(Scope scope) {
    this.scope = scope;
  }

  /** A report of a site; for reports on events, all events of the site. */
  public record Part(String report, String site) {}

  /**
   * A range of days that a backfill is to fetch.
   *
   * @param periods number of periods in it
   */
  public record Want(Part part, LocalDate first, LocalDate last, long periods) {
    /**
     * Returns the days from the first to the last of any of these, of which there is at least one.
     */
    public static DayRange span(Collection<Want> wants) {
      return new DayRange(
          wants.stream().map(Want::first).min(Comparator.naturalOrder()).orElseThrow(),
          wants.stream().map(Want::last).max(Comparator.naturalOrder()).orElseThrow());
    }
  }

  /**
   * What a backfill without options would cover.
   *
   * @param sites all sites of the pipeline; empty if they are not known, or if the command was
   *     limited to some of them, so that a suggested command must name sites
   * @param reports all reports of the pipeline, or empty likewise
   * @param stored the first stored day of each part of which something is stored; not for reports
   *     without date grouping, of which any other range is new
   * @param gaps days after that which were never stored and are not wanted
   */
  public record Scope(
      Set<String> sites,
      Set<String> reports,
      Map<Part, LocalDate> stored,
      Map<Part, List<DayRange>> gaps) {
    public Scope {
      sites = Set.copyOf(sites);
      reports = Set.copyOf(reports);
      stored = Map.copyOf(stored);
      gaps = Map.copyOf(gaps);
    }

    /** Creates a scope in which every day is wanted that was never stored. */
    public Scope(Set<String> sites, Set<String> reports, Map<Part, LocalDate> stored) {
      this(sites, reports, stored, Map.of());
    }

    private long gapDays(Part part, LocalDate first, LocalDate last) {
      long days = 0;
      for (DayRange gap : gaps.getOrDefault(part, List.of())) {
        LocalDate from = gap.first().isBefore(first) ? first : gap.first();
        LocalDate to = gap.last().isAfter(last) ? last : gap.last();
        days += from.isAfter(to) ? 0 : new DayRange(from, to).days();
      }
      return days;
    }
  }

  /**
   * One backfill.
   *
   * @param sites the sites that are wanted
   * @param reports the reports that are wanted
   * @param periods number of wanted periods that it fetches
   * @param options as they follow the pipeline's name, each with a leading blank
   * @param alsoNeverStored whether it also fetches days that were never stored
   */
  public record Command(
      Set<String> sites,
      Set<String> reports,
      long periods,
      String options,
      boolean alsoNeverStored) {
    public Command {
      sites = Set.copyOf(sites);
      reports = Set.copyOf(reports);
    }

    /** Returns the whole command, with what else it would fetch. */
    public String words(String pipeline) {
      return words(pipeline, "");
    }

    /** Returns the whole command with one more option, which has a leading blank. */
    public String words(String pipeline, String option) {
      return Program.command("backfill " + pipeline)
          + options
          + option
          + (alsoNeverStored ? " (which also fetches days that were never stored)" : "");
    }
  }

  /** What one command is for. */
  private record Box(
      TreeSet<String> sites,
      TreeSet<String> reports,
      LocalDate first,
      LocalDate last,
      long periods) {
    static final Comparator<Box> ORDER =
        Comparator.comparing(Box::first)
            .thenComparing(Box::last)
            .thenComparing(box -> box.sites().first())
            .thenComparing(box -> box.reports().first());

    Box plus(Box other) {
      TreeSet<String> bothSites = new TreeSet<>(sites);
      bothSites.addAll(other.sites);
      TreeSet<String> bothReports = new TreeSet<>(reports);
      bothReports.addAll(other.reports);
      return new Box(
          bothSites,
          bothReports,
          first.isBefore(other.first) ? first : other.first,
          last.isAfter(other.last) ? last : other.last,
          periods + other.periods);
    }
  }

  /**
   * Returns the commands, the earliest days first.
   *
   * @param most the most commands; if more would be needed, some fetch more than is wanted
   */
  public static List<Command> of(Collection<Want> wants, Scope scope, int most) {
    return new BackfillCommands(scope).commands(wants, most);
  }

  private List<Command> commands(Collection<Want> wants, int most) {
    List<Box> alike = alike(wants);
    // Combining the cheapest pair first may end in a dear combination. What began later is often
    // a site, so one box per site is tried, too.
    Map<String, Box> bySite = new LinkedHashMap<>();
    for (Want want : wants) {
      bySite.merge(want.part().site(), box(want), Box::plus);
    }
    Map<List<Object>, Box> sites = new LinkedHashMap<>();
    for (Box box : bySite.values()) {
      sites.merge(List.of(box.reports(), box.first(), box.last()), box, Box::plus);
    }
    List<Box> combined = combined(alike, most);
    List<Box> ofSites = combined(List.copyOf(sites.values()), most);
    return (neverStored(ofSites) < neverStored(combined) ? ofSites : combined)
        .stream().sorted(Box.ORDER).map(this::command).toList();
  }

  private long neverStored(List<Box> boxes) {
    return boxes.stream().mapToLong(this::neverStored).sum();
  }

  private static Box box(Want want) {
    return new Box(
        new TreeSet<>(Set.of(want.part().site())),
        new TreeSet<>(Set.of(want.part().report())),
        want.first(),
        want.last(),
        want.periods());
  }

  /** Combines boxes until there are few enough, and where that fetches nothing more. */
  private List<Box> combined(List<Box> all, int most) {
    List<Box> boxes = combinedForNothing(all);
    while (boxes.size() > COMPARED) {
      List<Box> halved = new ArrayList<>();
      for (int i = 0; i < boxes.size(); i += 2) {
        halved.add(i + 1 < boxes.size() ? boxes.get(i).plus(boxes.get(i + 1)) : boxes.get(i));
      }
      boxes = combinedForNothing(halved);
    }
    while (boxes.size() > 1) {
      List<Box> cheapest = List.of();
      long least = Long.MAX_VALUE;
      for (int i = 0; i < boxes.size(); i++) {
        for (int k = i + 1; k < boxes.size(); k++) {
          long more = more(boxes.get(i), boxes.get(k));
          if (more < least) {
            least = more;
            cheapest = List.of(boxes.get(i), boxes.get(k));
          }
        }
      }
      if (least > 0 && boxes.size() <= most) {
        break;
      }
      boxes.removeAll(cheapest);
      boxes.add(cheapest.get(0).plus(cheapest.get(1)));
    }
    return boxes;
  }

  /** Combines wants of the same days: those of a site, and sites with the same reports. */
  private List<Box> alike(Collection<Want> wants) {
    Map<Part, List<Want>> byPart = new LinkedHashMap<>();
    wants.stream()
        .sorted(Comparator.comparing(Want::first))
        .forEach(
            want -> {
              List<Want> ofPart = byPart.computeIfAbsent(want.part(), p -> new ArrayList<>());
              Want before = ofPart.isEmpty() ? null : ofPart.get(ofPart.size() - 1);
              if (before != null && scope.gapDays(want.part(), before.first(), want.last()) == 0) {
                ofPart.set(
                    ofPart.size() - 1,
                    new Want(
                        want.part(),
                        before.first(),
                        before.last().isAfter(want.last()) ? before.last() : want.last(),
                        before.periods() + want.periods()));
              } else {
                ofPart.add(want);
              }
            });
    Map<List<Object>, Box> bySite = new LinkedHashMap<>();
    for (Want want : byPart.values().stream().flatMap(List::stream).toList()) {
      Part part = want.part();
      bySite.merge(List.of(part.site(), want.first(), want.last()), box(want), Box::plus);
    }
    Map<List<Object>, Box> byReports = new LinkedHashMap<>();
    for (Box box : bySite.values()) {
      byReports.merge(List.of(box.reports(), box.first(), box.last()), box, Box::plus);
    }
    return new ArrayList<>(byReports.values());
  }

  /** Combines neighbours, in order of their days, if that fetches nothing more. */
  private List<Box> combinedForNothing(List<Box> boxes) {
    List<Box> sorted = new ArrayList<>(boxes);
    sorted.sort(Box.ORDER);
    List<Box> combined = new ArrayList<>();
    for (Box box : sorted) {
      Box before = combined.isEmpty() ? null : combined.get(combined.size() - 1);
      if (before != null && more(before, box) <= 0) {
        combined.set(combined.size() - 1, before.plus(box));
      } else {
        combined.add(box);
      }
    }
    return combined;
  }

  /** Returns how many more days one command for both fetches than one for each. */
  private long more(Box a, Box b) {
    return neverStored(a.plus(b)) - neverStored(a) - neverStored(b);
  }

  /** Returns the number of days, over all its parts, that a command fetches for the first time. */
  private long neverStored(Box box) {
    return neverStored(
        box,
        namesSites(box) ? box.sites() : scope.sites(),
        namesReports(box) ? box.reports() : scope.reports());
  }

  private long neverStored(Box box, Set<String> sites, Set<String> reports) {
    long days = 0;
    for (String site : sites) {
      for (String report : reports) {
        Part part = new Part(report, site);
        days += scope.gapDays(part, box.first(), box.last());
        LocalDate stored = scope.stored().get(part);
        LocalDate known = stored == null ? box.last().plusDays(1) : stored;
        if (known.isAfter(box.first())) {
          LocalDate end = known.isAfter(box.last()) ? box.last() : known.minusDays(1);
          days += new DayRange(box.first(), end).days();
        }
      }
    }
    return days;
  }

  private boolean namesSites(Box box) {
    if (scope.sites().isEmpty()) {
      return true;
    }
    int named = box.sites().size();
    if (box.sites().containsAll(scope.sites()) || named > NAMED_TO_SPARE) {
      return false;
    }
    Set<String> reports = namesReports(box) ? box.reports() : scope.reports();
    return named <= NAMED
        || neverStored(box, scope.sites(), reports) > neverStored(box, box.sites(), reports);
  }

  private boolean namesReports(Box box) {
    return scope.reports().isEmpty()
        || (!box.reports().containsAll(scope.reports()) && box.reports().size() <= NAMED);
  }

  private Command command(Box box) {
    Stream<String> options =
        Stream.concat(
            namesSites(box) ? box.sites().stream().map(s -> " --site " + s) : Stream.empty(),
            namesReports(box) ? box.reports().stream().map(r -> " --report " + r) : Stream.empty());
    return new Command(
        box.sites(),
        box.reports(),
        box.periods(),
        options.collect(Collectors.joining()) + " --from " + box.first() + " --to " + box.last(),
        neverStored(box) > 0);
  }

  /**
   * Returns how to renew stale ranges: one item per reason and command, and few in all.
   *
   * @param names the names of sites by their ids, as far as they are known
   */
  public static List<Renewal> renewals(
      Collection<StaleRange> ranges, Scope scope, Map<String, String> names) {
    Map<String, List<StaleRange>> byReason = new TreeMap<>();
    ranges.forEach(r -> byReason.computeIfAbsent(r.why(), w -> new ArrayList<>()).add(r));
    if (byReason.size() > MOST) {
      byReason.clear();
      byReason.put("under other definitions or in other time zones than now", List.copyOf(ranges));
    }
    List<Renewal> renewals = new ArrayList<>();
    int reasonsLeft = byReason.size();
    for (Map.Entry<String, List<StaleRange>> reason : byReason.entrySet()) {
      reasonsLeft--;
      Map<Part, LocalDate> stored = new HashMap<>(scope.stored());
      Map<Part, List<DayRange>> gaps = new HashMap<>(scope.gaps());
      Map<Part, LocalDate> last = new HashMap<>();
      List<Want> wants = new ArrayList<>();
      for (StaleRange range :
          reason.getValue().stream().sorted(Comparator.comparing(StaleRange::first)).toList()) {
        Part part = new Part(range.report(), range.site());
        LocalDate before = last.get(part);
        if (before != null && before.plusDays(1).isBefore(range.first())) {
          // Stale ranges with stored days between them are one range.
          List<DayRange> all = new ArrayList<>(gaps.getOrDefault(part, List.of()));
          all.add(new DayRange(before.plusDays(1), range.first().minusDays(1)));
          gaps.put(part, DayRange.union(all));
        }
        if (before == null || before.isBefore(range.last())) {
          last.put(part, range.last());
        }
        // A stale range has no day that was never stored.
        stored.merge(part, range.first(), (a, b) -> a.isBefore(b) ? a : b);
        wants.add(new Want(part, range.first(), range.last(), range.periods()));
      }
      Scope known = new Scope(scope.sites(), scope.reports(), stored, gaps);
      for (Command command : of(wants, known, MOST - renewals.size() - reasonsLeft)) {
        renewals.add(
            new Renewal(what(command, names), command.periods(), reason.getKey(), command));
      }
    }
    return renewals;
  }

  private static String what(Command command, Map<String, String> names) {
    return (command.reports().size() == 1
            ? command.reports().iterator().next()
            : command.reports().size() + " reports")
        + " "
        + (command.sites().size() == 1
            ? named(command.sites().iterator().next(), names)
            : "of " + command.sites().size() + " sites");
  }

  /** Returns a site's id with its name, if it has one that differs. */
  public static String named(String site, Map<String, String> names) {
    String name = Objects.requireNonNullElse(names.get(site), "");
    return name.isBlank() || name.equals(site) ? site : site + " (" + name + ")";
  }

  /**
   * Returns a site's id with its name, if it has one that differs, behind its account, if there are
   * several.
   *
   * @param accounts the accounts of sites; empty if the settings configure none
   */
  public static String named(String site, Map<String, String> names, Map<String, String> accounts) {
    String account = accounts.get(site);
    return (account == null ? "" : account + " / ") + named(site, names);
  }

  /**
   * A backfill that renews stale ranges.
   *
   * @param what whose they are, for people
   * @param why why they are stale, for people
   */
  public record Renewal(String what, long periods, String why, Command command) {}
}
