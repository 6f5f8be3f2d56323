package fathomexport.inspect;

import fathomexport.dimension.Dimensions;
import fathomexport.dimension.SiteRow;
import fathomexport.ledger.RunRecord;
import fathomexport.report.SiteId;
import fathomexport.run.ExportJob;
import fathomexport.run.UnlistedSite;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Finds the sites that runs leave out because the API no longer lists them. */
final class UnlistedSites {
  private UnlistedSites() {}

  /**
   * Returns the sites of a pipeline with {@code sites: all} that are not retired and that the
   * newest run which listed their account did not list: an account that could not be asked says
   * nothing of its sites.
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
    Map<String, Instant> listed = listed(members.values(), runs);
    return members.values().stream()
        .filter(row -> isBefore(row.lastSeenAt(), listed.get(account(row))))
        .filter(row -> job.sites().map(named -> named.contains(row.id())).orElse(true))
        .map(row -> new UnlistedSite(row.id().value(), row.name()))
        .toList();
  }

  /**
   * Returns when the newest run began that listed an account: one that saw a site of it, or one
   * that succeeded, which lists all accounts, also those that have no sites any more.
   */
  private static Map<String, Instant> listed(Collection<SiteRow> rows, List<RunRecord> runs) {
    // A run whose sites could not be stored has not seen any of them as far as is known here.
    Optional<Instant> newest =
        rows.stream().map(SiteRow::lastSeenAt).max(Comparator.naturalOrder());
    List<RunRecord> good = runs.stream().filter(run -> Objects.equals(run.exitCode(), 0)).toList();
    Optional<Instant> ofAll = newest.flatMap(seen -> begun(good, seen));
    Map<String, Instant> seen = new HashMap<>();
    rows.forEach(
        row -> seen.merge(account(row), row.lastSeenAt(), (a, b) -> a.isBefore(b) ? b : a));
    Map<String, Instant> listed = new HashMap<>();
    seen.forEach(
        (account, last) ->
            Stream.concat(begun(runs, last).stream(), ofAll.stream())
                .max(Comparator.naturalOrder())
                .ifPresent(at -> listed.put(account, at)));
    return listed;
  }

  /** Returns when the newest of some runs began that can have seen what was seen at a time. */
  private static Optional<Instant> begun(List<RunRecord> runs, Instant seen) {
    return runs.stream()
        .map(run -> run.startedAt().truncatedTo(ChronoUnit.SECONDS))
        .filter(at -> !at.isAfter(seen))
        .max(Comparator.naturalOrder());
  }

  private static boolean isBefore(Instant seen, @Nullable Instant listed) {
    return listed != null && seen.isBefore(listed);
  }

  private static String account(SiteRow row) {
    return Objects.requireNonNullElse(row.account(), "");
  }
}
