package fathomexport.run;

import fathomexport.report.DayRange;
import fathomexport.run.BackfillCommands.Command;
import fathomexport.run.BackfillCommands.ReportOfSite;
import fathomexport.run.BackfillCommands.Scope;
import fathomexport.run.BackfillCommands.Want;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A backfill that renews stale ranges.
 *
 * @param what whose they are, for people
 * @param why why they are stale, for people
 */
public record Renewal(String what, long periods, String why, BackfillCommands.Command command) {
  /**
   * Returns how to renew stale ranges: one item per reason and command, and few in all.
   *
   * @param names the names of sites by their ids, as far as they are known
   */
  public static List<Renewal> of(
      Collection<StaleRange> ranges, Scope scope, Map<String, String> names) {
    Map<String, List<StaleRange>> byReason = new TreeMap<>();
    ranges.forEach(r -> byReason.computeIfAbsent(r.why(), w -> new ArrayList<>()).add(r));
    if (byReason.size() > BackfillCommands.MOST) {
      byReason.clear();
      byReason.put("under other definitions or in other time zones than now", List.copyOf(ranges));
    }
    List<Renewal> renewals = new ArrayList<>();
    int reasonsLeft = byReason.size();
    for (Map.Entry<String, List<StaleRange>> reason : byReason.entrySet()) {
      reasonsLeft--;
      Map<ReportOfSite, LocalDate> stored = new HashMap<>(scope.stored());
      Map<ReportOfSite, List<DayRange>> gaps = new HashMap<>(scope.gaps());
      Map<ReportOfSite, LocalDate> last = new HashMap<>();
      List<Want> wants = new ArrayList<>();
      for (StaleRange range :
          reason.getValue().stream().sorted(Comparator.comparing(StaleRange::first)).toList()) {
        ReportOfSite part = new ReportOfSite(range.report(), range.site());
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
      for (Command command :
          BackfillCommands.of(
              wants, known, BackfillCommands.MOST - renewals.size() - reasonsLeft)) {
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
            ? SiteNames.named(command.sites().iterator().next(), names)
            : "of " + command.sites().size() + " sites");
  }
}
