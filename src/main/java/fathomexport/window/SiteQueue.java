package fathomexport.window;

import fathomexport.report.SiteId;
import java.io.Serializable;
import java.util.List;

/** The sites that a snapshot queries, one after the other. */
public record SiteQueue(List<SiteId> sites) implements Serializable {
  public SiteQueue {
    sites = List.copyOf(sites);
  }

  /** Returns the name of a site's sample, for display. */
  static String name(SiteId site) {
    return "current visitors of " + site;
  }
}
