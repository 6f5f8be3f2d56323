package fathomexport.run;

import fathomexport.run.BackfillCommands.Want;
import java.time.LocalDate;
import java.util.Comparator;
import java.util.Set;
import java.util.TreeSet;

/** What one command is for. */
record CommandBox(
    TreeSet<String> sites, TreeSet<String> reports, LocalDate first, LocalDate last, long periods) {
  static final Comparator<CommandBox> ORDER =
      Comparator.comparing(CommandBox::first)
          .thenComparing(CommandBox::last)
          .thenComparing(box -> box.sites().first())
          .thenComparing(box -> box.reports().first());

  /** Returns what fetches only what is wanted. */
  static CommandBox of(Want want) {
    return new CommandBox(
        new TreeSet<>(Set.of(want.part().site())),
        new TreeSet<>(Set.of(want.part().report())),
        want.first(),
        want.last(),
        want.periods());
  }

  CommandBox plus(CommandBox other) {
    TreeSet<String> bothSites = new TreeSet<>(sites);
    bothSites.addAll(other.sites);
    TreeSet<String> bothReports = new TreeSet<>(reports);
    bothReports.addAll(other.reports);
    return new CommandBox(
        bothSites,
        bothReports,
        first.isBefore(other.first) ? first : other.first,
        last.isAfter(other.last) ? last : other.last,
        periods + other.periods);
  }
}
