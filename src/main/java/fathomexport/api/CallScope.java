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
  /** Names the site and report, or the endpoint, whose retries are used up. */
  String spentWords() {
    String what = asker.startsWith("/") ? "requests of " + asker : "report " + asker;
    return "the retries of "
        + (site == null ? what : "site " + site + " and " + what)
        + " in this run are used up";
  }

  /** Names the site and report for the log; empty for the account as a whole. */
  String words() {
    return site == null ? "" : " for site " + site + (asker.startsWith("/") ? "" : ", " + asker);
  }
}
