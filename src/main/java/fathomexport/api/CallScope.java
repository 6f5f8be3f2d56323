package fathomexport.api;

import fathomexport.report.SiteId;
import org.jspecify.annotations.Nullable;

/**
 * The calls that share a retry budget.
 *
 * @param site null for the account as a whole
 * @param asker the report, or the path of the endpoint
 */
record CallScope(@Nullable SiteId site, String asker) {
  /** Names the site and report for the log; empty for the account as a whole. */
  String words() {
    return site == null ? "" : " for site " + site + (asker.startsWith("/") ? "" : ", " + asker);
  }
}
