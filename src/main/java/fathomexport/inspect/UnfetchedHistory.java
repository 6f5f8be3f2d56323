package fathomexport.inspect;

import fathomexport.dimension.Dimensions;
import fathomexport.dimension.Listing;
import fathomexport.dimension.SiteRow;
import fathomexport.ledger.Stretch;
import fathomexport.report.DateGrouping;
import fathomexport.report.Entity;
import fathomexport.report.Report;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import fathomexport.run.BackfillCommands;
import fathomexport.run.ExportJob;
import fathomexport.run.NewSites;
import fathomexport.run.SiteNames;
import fathomexport.run.UnlistedSite;
import fathomexport.sinks.Sinks;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Finds the sites that are new to a pipeline and whose history no command has fetched yet. */
public final class UnfetchedHistory {
  /** How long a site counts as new: after that, the operator has decided against its history. */
  private static final Duration NEW = Duration.ofDays(14);

  private UnfetchedHistory() {}

  /**
   * Finds the new sites, and reads what is stored of them.
   *
   * @param known what is known of the sites and of the pipeline's lists
   * @param retired what no command can fetch
   * @param unlisted sites that the list lacks, which no command can fetch either
   * @param firstKept the first day that is kept, by the names of reports that are not kept for ever
   * @return null if there are no such sites
   */
  public static @Nullable NewSites of(
      ExportJob job,
      Sinks sinks,
      Dimensions known,
      Retired retired,
      List<UnlistedSite> unlisted,
      Instant now,
      Map<String, LocalDate> firstKept) {
    List<Listing> sites =
        known.listings().values().stream().filter(l -> l.slice().event() == null).toList();
    Set<String> away = unlisted.stream().map(UnlistedSite::site).collect(Collectors.toSet());
    Optional<Instant> begun =
        sites.stream().map(Listing::firstListedAt).min(Comparator.naturalOrder());
    Set<SiteId> added =
        sites.stream()
            .filter(l -> !retired.covers(l.slice()))
            .filter(l -> !away.contains(l.slice().site().value()))
            // The operator who began the pipeline with its first sites knows of their history.
            .filter(l -> l.firstListedAt().isAfter(begun.orElseThrow()))
            .filter(l -> l.firstListedAt().plus(NEW).isAfter(now))
            .map(l -> l.slice().site())
            .filter(site -> job.sites().map(named -> named.contains(site)).orElse(true))
            .collect(Collectors.toCollection(TreeSet::new));
    if (added.isEmpty()) {
      return null;
    }
    Map<SiteId, LocalDate> first = first(job, sinks, added);
    LocalDate kept =
        firstKept.size() < job.pipelineReports().size()
            ? null
            : firstKept.values().stream().min(Comparator.naturalOrder()).orElse(null);
    Map<BackfillCommands.ReportOfSite, LocalDate> stored = new HashMap<>();
    List<BackfillCommands.Want> wants = new ArrayList<>();
    Map<String, String> names = new TreeMap<>();
    for (SiteId site : added) {
      SiteRow row = known.sites().get(site);
      LocalDate begin = first.get(site);
      if (row == null || begin == null) {
        continue;
      }
      LocalDate history = begin(row, kept);
      if (history.isBefore(begin)) {
        names.put(site.value(), row.name() == null ? "" : row.name());
        for (Report report : job.pipelineReports()) {
          BackfillCommands.ReportOfSite part =
              new BackfillCommands.ReportOfSite(report.name(), site.value());
          wants.add(new BackfillCommands.Want(part, history, begin.minusDays(1), 1));
          stored.put(part, history);
        }
      }
    }
    return wants.isEmpty()
        ? null
        : new NewSites(
            names.keySet().stream().map(id -> SiteNames.named(id, names)).toList(),
            BackfillCommands.of(wants, scope(job, sites, retired, stored), BackfillCommands.MOST));
  }

  /**
   * Returns the day from which on every report of a site is stored: of those on pageviews, or of
   * those on events if there are no others, because an event may be younger than its site.
   */
  private static Map<SiteId, LocalDate> first(ExportJob job, Sinks sinks, Set<SiteId> sites) {
    boolean pageviews = job.reports().stream().anyMatch(r -> r.entity() == Entity.PAGEVIEW);
    List<Report> reports =
        job.reports().stream()
            .filter(r -> r.dateGrouping() != DateGrouping.NONE)
            .filter(r -> !pageviews || r.entity() == Entity.PAGEVIEW)
            .toList();
    StoredStretches stored = StoredStretches.of(reports, sites, sinks);
    Map<SiteId, LocalDate> first = new HashMap<>();
    for (Report report : reports) {
      Map<SiteId, LocalDate> ofReport = new HashMap<>();
      stored.of(report).values().stream()
          .flatMap(List::stream)
          .filter(Stretch::stored)
          .forEach(
              s -> ofReport.merge(s.slice().site(), s.first(), (a, b) -> a.isBefore(b) ? a : b));
      ofReport.forEach((site, day) -> first.merge(site, day, (a, b) -> a.isAfter(b) ? a : b));
    }
    return first;
  }

  /** Returns the first day of a site's history that is kept. */
  private static LocalDate begin(SiteRow row, @Nullable LocalDate kept) {
    Site site =
        new Site(
            row.id(),
            row.name() == null ? "" : row.name(),
            row.zone() == null ? null : ZoneId.of(row.zone()),
            row.createdAt(),
            row.domains());
    return kept == null || kept.isBefore(site.firstDay()) ? site.firstDay() : kept;
  }

  /** Returns what a backfill would cover. The history of other sites is not wanted. */
  private static BackfillCommands.Scope scope(
      ExportJob job,
      List<Listing> sites,
      Retired retired,
      Map<BackfillCommands.ReportOfSite, LocalDate> stored) {
    Set<String> all = new HashSet<>();
    sites.stream()
        .filter(l -> !retired.covers(l.slice()))
        .forEach(l -> all.add(l.slice().site().value()));
    return new BackfillCommands.Scope(
        job.selection().sites().isEmpty() ? all : Set.of(),
        job.selection().reports().isEmpty()
            ? job.pipelineReports().stream().map(Report::name).collect(Collectors.toSet())
            : Set.of(),
        stored);
  }
}
