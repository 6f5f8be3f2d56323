package fathomexport.export;

import fathomexport.dimension.Change;
import fathomexport.dimension.Sighting;
import fathomexport.report.Site;
import fathomexport.run.RunEnvironment;
import fathomexport.sink.Sink;
import fathomexport.sink.SinkException;
import fathomexport.sinks.Sinks;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Stores what was seen of sites, events and milestones in every sink. What fails is reported. */
final class SightingRecord {
  private static final Logger LOG = LoggerFactory.getLogger(SightingRecord.class);

  private final Sinks sinks;
  private final RunEnvironment environment;

  SightingRecord(Sinks sinks, RunEnvironment environment) {
    this.sinks = sinks;
    this.environment = environment;
  }

  /**
   * Stores a sighting in every sink.
   *
   * @return the changes according to the first sink that stored it
   */
  Optional<List<Change>> record(Sighting sighting) {
    Optional<List<Change>> first = Optional.empty();
    for (Sink sink : sinks.all()) {
      try {
        List<Change> changes = sink.dimensions().record(sighting);
        if (first.isEmpty()) {
          first = Optional.of(changes);
        }
      } catch (SinkException e) {
        complain(e);
      }
    }
    return first;
  }

  /** Reports that the tables were not updated. The export continues. */
  void complain(RuntimeException e) {
    environment
        .listener()
        .notice(
            "the tables of sites, events and milestones were not updated, and the export continues"
                + " without: "
                + e.getMessage());
  }

  /** Stores the sites that the command {@code sites} has listed, where a run has prepared that. */
  static void listed(Sink sink, Instant at, List<Site> sites) {
    try {
      if (sink.dimensions().isPrepared()) {
        var unused = sink.dimensions().record(new Sighting(at, sites, Map.of(), Map.of(), null));
      }
    } catch (SinkException e) {
      LOG.warn("the table of sites was not updated: {}", e.getMessage());
    }
  }
}
