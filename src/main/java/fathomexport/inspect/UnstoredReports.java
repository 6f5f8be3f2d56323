package fathomexport.inspect;

import fathomexport.report.Program;
import fathomexport.report.Report;
import fathomexport.run.ExportJob;
import fathomexport.sink.Sink;
import fathomexport.sinks.Sinks;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Names the reports of which no sink holds anything while other reports of the pipeline are stored:
 * their tables and folders were moved away, or they are new.
 */
final class UnstoredReports {
  private UnstoredReports() {}

  /** Returns one line for people per report, each with what to do. */
  static List<String> of(ExportJob job, Sinks sinks, Collection<StatusOverview.Line> lines) {
    List<StatusOverview.Line> stored = lines.stream().filter(l -> l.first() != null).toList();
    Set<String> names =
        stored.stream().map(StatusOverview.Line::report).collect(Collectors.toSet());
    List<Report> without =
        job.reports().stream().filter(report -> !names.contains(report.name())).toList();
    if (without.isEmpty() || stored.isEmpty()) {
      return List.of();
    }
    LocalDate first =
        stored.stream()
            .map(line -> Objects.requireNonNull(line.first()))
            .min(Comparator.naturalOrder())
            .orElseThrow();
    // What only some sinks have is fresh to no day.
    LocalDate last =
        stored.stream()
            .map(line -> Objects.requireNonNullElse(line.freshTo(), first))
            .max(Comparator.naturalOrder())
            .orElseThrow();
    List<String> words = new ArrayList<>();
    for (Report report : without) {
      // Of what is retired nothing more can be fetched, and what is only due the next run fetches.
      boolean isWanted =
          lines.stream().anyMatch(l -> l.report().equals(report.name()) && l.attention());
      if (isWanted) {
        words.add(
            "report "
                + report.name()
                + ": nothing of it is stored in "
                + sinks.all().stream().map(Sink::name).collect(Collectors.joining(" or "))
                + ". The next run fetches yesterday and the look-back; fetch the days before with: "
                + Program.command("backfill " + job.name())
                + job.selection().sites().stream()
                    .map(site -> " --site " + site)
                    .collect(Collectors.joining())
                + " --report "
                + report.name()
                + " --from "
                + first
                + " --to "
                + last);
      }
    }
    return List.copyOf(words);
  }
}
