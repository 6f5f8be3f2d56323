package fathomexport.run;

import fathomexport.report.DayRange;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A run that is about to start, and its estimated cost.
 *
 * @param command {@code run}, {@code backfill} or {@code snapshot}
 * @param startedAt as in the ledger
 * @param leastRequests the control queries alone: no run that completes its windows sends fewer
 * @param likelyRequests estimate with as many rows per period as the ledger has seen
 * @param requestsPerMinute the quota; of several accounts, what they allow together
 * @param expected likely requests of each window, controls included, by {@code Window.id()}; 0 for
 *     a window whose rows come with another's
 * @param parts what the run asks of each account
 * @param sites all sites of the run
 * @param accounts the accounts of the sites; empty if the settings configure none
 * @param days from its first window's first day to its last window's last; null if there is nothing
 *     to do, and for a snapshot
 */
public record PlannedRun(
    String runId,
    String pipeline,
    String command,
    Instant startedAt,
    long windows,
    long leastRequests,
    long likelyRequests,
    int requestsPerMinute,
    Map<String, Long> expected,
    List<AccountPart> parts,
    List<SiteId> sites,
    Map<SiteId, String> accounts,
    @Nullable DayRange days) {
  public PlannedRun {
    sites = List.copyOf(sites);
    accounts = Map.copyOf(accounts);
    expected = Map.copyOf(expected);
    parts = List.copyOf(parts);
  }

  /**
   * What a run asks of one account.
   *
   * @param windows their ids
   * @param requestsPerMinute the account's quota
   */
  public record AccountPart(String account, Set<String> windows, int requestsPerMinute) {
    public AccountPart {
      windows = Set.copyOf(windows);
    }
  }

  /** Returns the accounts of sites; none if the settings configure none. */
  public static Map<SiteId, String> accountsOf(List<Site> sites) {
    return sites.stream()
        .filter(site -> !site.account().isEmpty())
        .collect(Collectors.toMap(Site::id, Site::account, (a, b) -> a));
  }
}
