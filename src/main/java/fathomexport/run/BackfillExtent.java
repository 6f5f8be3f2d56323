package fathomexport.run;

import fathomexport.report.DayRange;
import fathomexport.run.BackfillCommands.Command;
import fathomexport.run.BackfillCommands.ReportOfSite;
import fathomexport.run.BackfillCommands.Scope;
import java.time.LocalDate;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a backfill fetches beside what is wanted, and which options limit it to that. */
final class BackfillExtent {
  /**
   * The most sites, or reports, that a command names: beyond that it covers all of them, unless the
   * others would be fetched for the first time.
   */
  private static final int NAMED = 8;

  /** The most sites that a command names so as not to fetch days of others for the first time. */
  private static final int NAMED_TO_SPARE = 40;

  private final Scope scope;

  BackfillExtent(Scope scope) {
    this.scope = scope;
  }

  long neverStored(List<CommandBox> boxes) {
    return boxes.stream().mapToLong(this::neverStored).sum();
  }

  /** Returns how many more days one command for both fetches than one for each. */
  long more(CommandBox a, CommandBox b) {
    return neverStored(a.plus(b)) - neverStored(a) - neverStored(b);
  }

  /** Returns the number of days, over all its parts, that a command fetches for the first time. */
  private long neverStored(CommandBox box) {
    return neverStored(
        box,
        namesSites(box) ? box.sites() : scope.sites(),
        namesReports(box) ? box.reports() : scope.reports());
  }

  private long neverStored(CommandBox box, Set<String> sites, Set<String> reports) {
    long days = 0;
    for (String site : sites) {
      for (String report : reports) {
        ReportOfSite part = new ReportOfSite(report, site);
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

  private boolean namesSites(CommandBox box) {
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

  private boolean namesReports(CommandBox box) {
    return scope.reports().isEmpty()
        || (!box.reports().containsAll(scope.reports()) && box.reports().size() <= NAMED);
  }

  Command command(CommandBox box) {
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
}
