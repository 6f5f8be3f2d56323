package fathomexport.plan;

import fathomexport.report.Site;
import fathomexport.report.SiteId;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The tasks of a run, in order.
 *
 * @param stale periods that were stored under another definition or zone and that this run does not
 *     renew
 * @param skipped number of periods that would be due, but lie before the site can have data
 * @param outlived number of periods that would be due, but are older than the pipeline keeps
 * @param fetched sites whose look-back is fetched because an audit failed
 * @param missing what stays missing because it is out of reach of a run; null if there is nothing,
 *     and for a backfill
 * @param starts from when on each report and site is stored; empty for a backfill
 */
public record Plan(
    List<FetchTask> tasks,
    List<Stale> stale,
    long skipped,
    long outlived,
    Set<SiteId> fetched,
    @Nullable Missing missing,
    List<Start> starts) {
  public Plan {
    tasks = List.copyOf(tasks);
    stale = List.copyOf(stale);
    fetched = Set.copyOf(fetched);
    starts = List.copyOf(starts);
  }

  /** Stored periods of a report and site that no longer match what the pipeline requests. */
  public record Stale(
      String report, SiteId site, LocalDate first, LocalDate last, long periods, String why) {}

  /** The first day from which on a report and site is stored, with all its events. */
  public record Start(String report, SiteId site, LocalDate first) {}

  /** Returns how many periods are skipped, and why, on one line; empty if there are none. */
  public Optional<String> skippedInWords() {
    return skipped == 0
        ? Optional.empty()
        : Optional.of(
            skipped
                + (skipped == 1 ? " period is skipped: it lies" : " periods are skipped: they lie")
                + " before their site was added, or before "
                + Site.FIRST_ACCURATE_DAY
                + ", from when on the API's numbers are accurate");
  }

  /** Returns how many periods are too old to be kept, on one line; empty if there are none. */
  public Optional<String> outlivedInWords() {
    return outlived == 0
        ? Optional.empty()
        : Optional.of(
            outlived
                + (outlived == 1
                    ? " period is not fetched: it is"
                    : " periods are not fetched: they are")
                + " older than the pipeline keeps (keep:)");
  }

  /** Returns this plan without some of its tasks. */
  public Plan without(Predicate<FetchTask> which) {
    return new Plan(
        tasks.stream().filter(which.negate()).toList(),
        stale,
        skipped,
        outlived,
        fetched,
        missing,
        starts);
  }

  /** Returns the number of windows of all tasks. */
  public long windows() {
    return tasks.stream().mapToLong(t -> t.reports().size()).sum();
  }
}
