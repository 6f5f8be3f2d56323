package fathomexport.plan;

import fathomexport.report.EventSelection;
import fathomexport.report.Report;
import fathomexport.report.Site;
import fathomexport.report.Slice;
import java.util.List;

/**
 * A site with the names of its events.
 *
 * @param events names as the API lists them; empty if no report needs events
 */
public record Subject(Site site, List<String> events) {
  public Subject {
    events = List.copyOf(events);
  }

  /** Returns the slices of this site that a report selects. */
  public List<Slice> slices(Report report) {
    EventSelection selection = report.events();
    if (selection == null) {
      return List.of(new Slice(site.id(), null));
    }
    List<String> wanted = selection instanceof EventSelection.Named named ? named.names() : events;
    return wanted.stream()
        .filter(events::contains)
        .distinct()
        .map(event -> new Slice(site.id(), event))
        .toList();
  }
}
