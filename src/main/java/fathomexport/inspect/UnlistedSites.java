package fathomexport.inspect;

import fathomexport.dimension.Dimensions;
import fathomexport.dimension.SiteRow;
import fathomexport.ledger.RunRecord;
import fathomexport.report.SiteId;
import fathomexport.run.ExportJob;
import fathomexport.run.UnlistedSite;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Finds the sites that runs leave out because the API no longer lists them. */
final class UnlistedSites {
  private UnlistedSites() {}

  /**
   * Returns the sites of a pipeline with {@code sites: all} that are not retired and that the
   * newest run which listed any of its sites did not list.
   *
   * @param job its sites are those that the user named, if any
   * @param known what is known of the sites and of the pipeline's lists
   * @param retired also by a run of another pipeline
   * @param runs runs of the whole pipeline
   */
  static List<UnlistedSite> of(
      ExportJob job, Dimensions known, Retired retired, List<RunRecord> runs) {
    Map<SiteId, SiteRow> members = new TreeMap<>();
    known
        .listings()
        .values()
        .forEach(
            l -> {
              SiteRow row = known.sites().get(l.slice().site());
              if (l.slice().event() == null && !retired.covers(l.slice()) && row != null) {
                members.put(row.id(), row);
              }
            });
    Optional<Instant> seen =
        members.values().stream().map(SiteRow::lastSeenAt).max(Comparator.naturalOrder());
    Optional<Instant> listed =
        runs.stream()
            .map(run -> run.startedAt().truncatedTo(ChronoUnit.SECONDS))
            .filter(at -> seen.isPresent() && !at.isAfter(seen.get()))
            .max(Comparator.naturalOrder());
    return members.values().stream()
        .filter(row -> listed.isPresent() && row.lastSeenAt().isBefore(listed.get()))
        .filter(row -> job.sites().map(named -> named.contains(row.id())).orElse(true))
        .map(row -> new UnlistedSite(row.id().value(), row.name()))
        .toList();
  }
}
