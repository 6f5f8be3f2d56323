package fathomexport.export;

import fathomexport.cost.AccountQuotas;
import fathomexport.plan.FetchTask;
import fathomexport.plan.Plan;
import fathomexport.plan.Subject;
import fathomexport.report.DateGrouping;
import fathomexport.report.DayRange;
import fathomexport.report.Entity;
import fathomexport.report.Program;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Offers the command that fetches the history of a site which a pipeline exports for the first
 * time, with its cost. A run itself fetches only the last days of it.
 */
final class HistoryOffer {
  /** More new sites than these share one line. */
  private static final int MOST = 5;

  private HistoryOffer() {}

  /** Estimates what a backfill of one site costs. */
  interface Estimate {
    Cost of(Subject site, DayRange days);
  }

  /**
   * The estimated cost of a backfill.
   *
   * @param requests each is billed
   * @param minutes at the quota
   */
  record Cost(long requests, long minutes) {}

  /**
   * Returns one line per new site that has a history.
   *
   * @param kept the first day that is kept of any report: a history that begins earlier would not
   *     be fetched, and would be removed
   * @param plan the run's own plan: the history is what lies before it
   */
  static List<String> words(
      String pipeline,
      Set<SiteId> added,
      List<Subject> subjects,
      LocalDate kept,
      Plan plan,
      Estimate estimate) {
    List<String> words = new ArrayList<>();
    int more = 0;
    for (Subject subject : subjects) {
      SiteId id = subject.site().id();
      Optional<LocalDate> begin = begin(id, plan);
      LocalDate listed = subject.site().firstDay();
      LocalDate first = listed.isBefore(kept) ? kept : listed;
      if (!added.contains(id) || begin.isEmpty() || !first.isBefore(begin.get())) {
        continue;
      }
      if (words.size() == MOST) {
        more++;
        continue;
      }
      DayRange history = new DayRange(first, begin.get().minusDays(1));
      Cost cost = estimate.of(subject, history);
      if (cost.requests() > 0) {
        words.add(
            DimensionWords.site(id, Map.of(id, subject.site().name()))
                + " is new. To fetch its history: "
                + Program.command("backfill " + pipeline)
                + " --site "
                + id
                + " --from "
                + history.first()
                + " --to "
                + history.last()
                + " (about "
                + cost.requests()
                + (cost.requests() == 1 ? " request" : " requests")
                + ", each billed as a pageview"
                + (cost.minutes() == 0
                    ? ""
                    : "; " + AccountQuotas.inWords(cost.minutes()) + " at the quota")
                + ")");
      }
    }
    if (more > 0) {
      words.add(
          more
              + " more sites are new. What their history would cost: "
              + Program.command("plan " + pipeline)
              + " --from DAY --to DAY");
    }
    return words;
  }

  /**
   * Returns the day from which on the run fetches every report of a site: of those on pageviews, or
   * of those on events if there are no others. A monthly report begins with its month, before the
   * daily ones. {@code UnfetchedHistory} finds the same day in what is stored.
   */
  private static Optional<LocalDate> begin(SiteId site, Plan plan) {
    Map<Entity, Map<String, LocalDate>> first = new EnumMap<>(Entity.class);
    for (FetchTask task : plan.tasks()) {
      for (Report report : task.reports()) {
        if (task.site().id().equals(site) && report.dateGrouping() != DateGrouping.NONE) {
          first
              .computeIfAbsent(report.entity(), e -> new HashMap<>())
              .merge(report.name(), task.days().first(), (a, b) -> a.isBefore(b) ? a : b);
        }
      }
    }
    return first
        .getOrDefault(Entity.PAGEVIEW, first.getOrDefault(Entity.EVENT, Map.of()))
        .values()
        .stream()
        .max(Comparator.naturalOrder());
  }
}
