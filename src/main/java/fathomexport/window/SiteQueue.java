package fathomexport.window;

import fathomexport.report.SiteId;
import java.io.Serializable;
import java.util.List;

/**
 * The sites of one account that a snapshot queries, one after the other.
 *
 * @param account as in {@link fathomexport.report.Site}
 */
public record SiteQueue(String account, List<SiteId> sites) implements Serializable {
  public SiteQueue {
    sites = List.copyOf(sites);
  }

  /** Returns the name of a site's sample, for display. */
  static String name(SiteId site) {
    return "current visitors of " + site;
  }
}
