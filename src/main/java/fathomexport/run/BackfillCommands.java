package fathomexport.run;

import fathomexport.report.DayRange;
import fathomexport.report.Program;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Finds the few backfills that fetch what is wanted and as little else as possible. A backfill does
 * not fetch again what is complete, so only days that were never stored cost something: those
 * before a report or a site was first stored, and all days of what the pipeline has not stored yet.
 */
public final class BackfillCommands {
  /** The most commands that are suggested together: more are not typed, and hide the first. */
  public static final int MOST = 3;

  /** More ranges than this are first combined in order of their days, without comparing all. */
  private static final int COMPARED = 24;

  private final Scope scope;
  private final BackfillExtent extent;

  private BackfillCommands(Scope scope) {
    this.scope = scope;
    this.extent = new BackfillExtent(scope);
  }

  /** A report of a site; for reports on events, all events of the site. */
  public record ReportOfSite(String report, String site) {}

  /**
   * A range of days that a backfill is to fetch.
   *
   * @param periods number of periods in it
   */
  public record Want(ReportOfSite part, LocalDate first, LocalDate last, long periods) {
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
      Map<ReportOfSite, LocalDate> stored,
      Map<ReportOfSite, List<DayRange>> gaps) {
    public Scope {
      sites = Set.copyOf(sites);
      reports = Set.copyOf(reports);
      stored = Map.copyOf(stored);
      gaps = Map.copyOf(gaps);
    }

    /** Creates a scope in which every day is wanted that was never stored. */
    public Scope(Set<String> sites, Set<String> reports, Map<ReportOfSite, LocalDate> stored) {
      this(sites, reports, stored, Map.of());
    }

    long gapDays(ReportOfSite part, LocalDate first, LocalDate last) {
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

  /**
   * Returns the commands, the earliest days first.
   *
   * @param most the most commands; if more would be needed, some fetch more than is wanted
   */
  public static List<Command> of(Collection<Want> wants, Scope scope, int most) {
    return new BackfillCommands(scope).commands(wants, most);
  }

  private List<Command> commands(Collection<Want> wants, int most) {
    List<CommandBox> alike = alike(wants);
    // Combining the cheapest pair first may end in a dear combination. What began later is often
    // a site, so one box per site is tried, too.
    Map<String, CommandBox> bySite = new LinkedHashMap<>();
    for (Want want : wants) {
      bySite.merge(want.part().site(), CommandBox.of(want), CommandBox::plus);
    }
    Map<List<Object>, CommandBox> sites = new LinkedHashMap<>();
    for (CommandBox box : bySite.values()) {
      sites.merge(List.of(box.reports(), box.first(), box.last()), box, CommandBox::plus);
    }
    List<CommandBox> combined = combined(alike, most);
    List<CommandBox> ofSites = combined(List.copyOf(sites.values()), most);
    return (extent.neverStored(ofSites) < extent.neverStored(combined) ? ofSites : combined)
        .stream().sorted(CommandBox.ORDER).map(extent::command).toList();
  }

  /** Combines boxes until there are few enough, and where that fetches nothing more. */
  private List<CommandBox> combined(List<CommandBox> all, int most) {
    List<CommandBox> boxes = combinedForNothing(all);
    while (boxes.size() > COMPARED) {
      List<CommandBox> halved = new ArrayList<>();
      for (int i = 0; i < boxes.size(); i += 2) {
        halved.add(i + 1 < boxes.size() ? boxes.get(i).plus(boxes.get(i + 1)) : boxes.get(i));
      }
      boxes = combinedForNothing(halved);
    }
    while (boxes.size() > 1) {
      List<CommandBox> cheapest = List.of();
      long least = Long.MAX_VALUE;
      for (int i = 0; i < boxes.size(); i++) {
        for (int k = i + 1; k < boxes.size(); k++) {
          long more = extent.more(boxes.get(i), boxes.get(k));
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
  private List<CommandBox> alike(Collection<Want> wants) {
    Map<ReportOfSite, List<Want>> byPart = new LinkedHashMap<>();
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
    Map<List<Object>, CommandBox> bySite = new LinkedHashMap<>();
    for (Want want : byPart.values().stream().flatMap(List::stream).toList()) {
      ReportOfSite part = want.part();
      bySite.merge(
          List.of(part.site(), want.first(), want.last()), CommandBox.of(want), CommandBox::plus);
    }
    Map<List<Object>, CommandBox> byReports = new LinkedHashMap<>();
    for (CommandBox box : bySite.values()) {
      byReports.merge(List.of(box.reports(), box.first(), box.last()), box, CommandBox::plus);
    }
    return new ArrayList<>(byReports.values());
  }

  /** Combines neighbours, in order of their days, if that fetches nothing more. */
  private List<CommandBox> combinedForNothing(List<CommandBox> boxes) {
    List<CommandBox> sorted = new ArrayList<>(boxes);
    sorted.sort(CommandBox.ORDER);
    List<CommandBox> combined = new ArrayList<>();
    for (CommandBox box : sorted) {
      CommandBox before = combined.isEmpty() ? null : combined.get(combined.size() - 1);
      if (before != null && extent.more(before, box) <= 0) {
        combined.set(combined.size() - 1, before.plus(box));
      } else {
        combined.add(box);
      }
    }
    return combined;
  }
}
