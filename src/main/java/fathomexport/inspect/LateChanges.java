package fathomexport.inspect;

import fathomexport.ledger.Restatement;
import fathomexport.ledger.RestatementReason;
import fathomexport.report.DateGrouping;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** How late the source still changes numbers: the basis for choosing a look-back. */
final class LateChanges {
  private LateChanges() {}

  /** Returns how late a report's numbers changed; empty if they did not. */
  static Optional<StatusOverview.Moved> of(
      Report report, List<Restatement> restated, Map<SiteId, ZoneId> zones, int lookback) {
    if (report.dateGrouping() != DateGrouping.DAY && report.dateGrouping() != DateGrouping.HOUR) {
      return Optional.empty();
    }
    // Changes of the report, such as a new filter, do not say how late the source moves.
    List<Restatement> journal =
        restated.stream().filter(r -> r.reason() == RestatementReason.SOURCE).toList();
    if (journal.isEmpty()) {
      return Optional.empty();
    }
    Map<String, Long> daysLate = new HashMap<>();
    Instant last = Instant.MIN;
    for (Restatement r : journal) {
      ZoneId zone = zones.getOrDefault(r.slice().site(), ZoneOffset.UTC);
      long days = ChronoUnit.DAYS.between(r.period(), LocalDate.ofInstant(r.at(), zone));
      daysLate.merge(r.slice() + " " + r.period(), days, Math::max);
      last = r.at().isAfter(last) ? r.at() : last;
    }
    TreeMap<Long, Long> ages = new TreeMap<>();
    daysLate.values().forEach(days -> ages.merge(days, 1L, Long::sum));
    // A look-back of n days fetches yesterday, which is one day old, and the n days before it.
    int latest = (int) Math.min(ages.lastKey() - 1, Integer.MAX_VALUE);
    return Optional.of(
        new StatusOverview.Moved(
            report.name(),
            daysLate.size(),
            ages.entrySet().stream()
                .map(e -> new StatusOverview.Age(e.getKey(), e.getValue()))
                .toList(),
            last,
            lookback,
            latest == lookback ? lookback + 1 : Math.max(latest, 0)));
  }
}
