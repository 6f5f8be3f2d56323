package fathomexport.inspect;

import fathomexport.ledger.Stretch;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.sink.Sink;
import fathomexport.sinks.Sinks;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What each sink holds of the reports, as stretches of like periods: read once, used by all. */
final class StoredStretches {
  /** By report, then by sink in the order of the sinks. */
  private final Map<String, Map<String, List<Stretch>>> byReport = new LinkedHashMap<>();

  private StoredStretches() {}

  /**
   * Reads the stretches.
   *
   * @param sites the sites to read; empty means all
   */
  static StoredStretches of(Collection<Report> reports, Collection<SiteId> sites, Sinks sinks) {
    StoredStretches stored = new StoredStretches();
    for (Report report : reports) {
      Map<String, List<Stretch>> bySink = new LinkedHashMap<>();
      for (Sink sink : sinks.all()) {
        bySink.put(
            sink.name(),
            sink.ledger()
                .stretches(report.name(), report.dateGrouping(), sites, sinks.all().size() > 1));
      }
      stored.byReport.put(report.name(), bySink);
    }
    return stored;
  }

  /** Returns the stretches of a report, by sink. */
  Map<String, List<Stretch>> of(Report report) {
    return byReport.getOrDefault(report.name(), Map.of());
  }
}
