package fathomexport.window;

import fathomexport.report.SiteId;
import java.io.Serializable;
import java.util.List;

/** The sites that a snapshot asks about, one after the other. */
public record SiteQueue(List<SiteId> sites) implements Serializable {
  public SiteQueue {
    sites = List.copyOf(sites);
  }

  /** What a person calls the sample of a site. */
  static String name(SiteId site) {
    return "current visitors of " + site;
  }
}
