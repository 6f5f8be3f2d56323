package fathomexport.inspect;

import fathomexport.dimension.Listing;
import fathomexport.report.EventSelection;
import fathomexport.report.Program;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.ExportJob;
import fathomexport.sink.Sink;
import fathomexport.sinks.Sinks;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Names the reports of which no sink holds anything while other reports of the pipeline are stored:
 * their tables and folders were moved away, or they are new. A report on events has no line then,
 * since its lines come from what is stored.
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
    Optional<LocalDate> last =
        stored.stream()
            .map(line -> Objects.requireNonNull(line.freshTo()))
            .max(Comparator.naturalOrder());
    List<String> words = new ArrayList<>();
    Set<Slice> listed =
        without.stream().anyMatch(r -> r.events() != null) ? listed(job, sinks) : Set.of();
    for (Report report : without) {
      // Of what is retired nothing more can be fetched.
      boolean isWanted =
          report.events() == null
              ? lines.stream().anyMatch(l -> l.report().equals(report.name()) && !l.retired())
              : listed.stream().anyMatch(slice -> covers(report, slice));
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
                + last.orElseThrow());
      }
    }
    return List.copyOf(words);
  }

  private static boolean covers(Report report, Slice slice) {
    String event = slice.event();
    return event != null
        && (!(report.events() instanceof EventSelection.Named named)
            || named.names().contains(event));
  }

  /** Returns the events that the API lists, as far as a run has recorded them. */
  private static Set<Slice> listed(ExportJob job, Sinks sinks) {
    List<SiteId> sites = job.sites().orElse(List.of());
    return Retired.listings(job.name(), sinks).stream()
        .filter(listing -> listing.unlistedAt() == null)
        .map(Listing::slice)
        .filter(slice -> sites.isEmpty() || sites.contains(slice.site()))
        .collect(Collectors.toSet());
  }
}
