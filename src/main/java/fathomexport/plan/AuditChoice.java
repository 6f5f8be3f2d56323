package fathomexport.plan;

import fathomexport.report.Site;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Selects the periods that are fetched although their control might confirm them. */
final class AuditChoice {
  private final PlanInputs inputs;

  AuditChoice(PlanInputs inputs) {
    this.inputs = inputs;
  }

  /**
   * Selects one period that a control might confirm to be fetched as an audit, once per site and
   * week. The reports take turns week by week, and the days advance after each round of reports.
   * Only periods that were stored before the site's current week qualify, so that a new site is not
   * audited at once. A run of some reports leaves the turn to a run of all.
   */
  void audit(Site site, List<FetchTask> tasks) {
    if (inputs.usual()
        || inputs.chosen().size() < inputs.reports().size()
        || !inputs.lookback().auditIsDue(site.id(), inputs.today(site), site.closingZone())) {
      return;
    }
    long week = Lookback.week(site.id(), inputs.today(site));
    List<Integer> candidates = new ArrayList<>();
    Map<Integer, List<LocalDate>> periods = new HashMap<>();
    for (int i = 0; i < tasks.size(); i++) {
      FetchTask task = tasks.get(i);
      List<LocalDate> confirmable =
          task.held().entrySet().stream()
              .filter(e -> e.getValue().controlDigest() != null && e.getValue().rows() > 0)
              .map(Map.Entry::getKey)
              .filter(p -> Lookback.week(site.id(), fetchedOn(task, p)) < week)
              .sorted(Comparator.reverseOrder())
              .toList();
      if (!task.isControl() && !confirmable.isEmpty()) {
        candidates.add(i);
        periods.put(i, confirmable);
      }
    }
    if (candidates.isEmpty()) {
      return;
    }
    // Order by what they query rather than by their place in the file.
    candidates.sort(
        Comparator.comparing((Integer i) -> tasks.get(i).shape().key())
            .thenComparing(i -> tasks.get(i).slice().eventKey()));
    int chosen = candidates.get(Math.floorMod(week, candidates.size()));
    List<LocalDate> days = periods.getOrDefault(chosen, List.of());
    LocalDate day = days.get(Math.floorMod(week / candidates.size(), days.size()));
    tasks.set(chosen, tasks.get(chosen).auditing(day));
  }

  /** Returns the latest day on which one of a task's reports was fetched for a period. */
  private LocalDate fetchedOn(FetchTask task, LocalDate period) {
    return task.reports().stream()
        .flatMap(r -> inputs.holdingsOf(r).of(task.slice(), period, task.endOf(period)).stream())
        .map(h -> h.fetchedAt().atZone(task.site().closingZone()).toLocalDate())
        .max(Comparator.naturalOrder())
        .orElse(inputs.today(task.site()));
  }
}
