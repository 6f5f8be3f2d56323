package fathomexport.inspect;

import fathomexport.report.Program;
import fathomexport.report.Report;
import fathomexport.report.SiteId;
import fathomexport.report.Slice;
import fathomexport.run.Account;
import fathomexport.run.ExportJob;
import fathomexport.run.SiteNames;
import fathomexport.run.WindowOutcome;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What of a pipeline may not be stored at all without a row that says so, because its lists of
 * sites and events were not read, or tell less than what a run fetches.
 *
 * @param words lines for people, each with what to do
 * @param sites the sites that cannot be called complete for that reason
 */
record UnreadLists(List<String> words, Set<String> sites) {
  private static final int SITES_NAMED = 3;

  UnreadLists {
    words = List.copyOf(words);
    sites = Set.copyOf(sites);
  }

  /**
   * Finds what the lists leave open.
   *
   * @param allSites whether the pipeline exports every site that the API lists
   * @param hasSucceeded whether a run of the whole pipeline has, and so has read all lists
   * @param lastMessages what the newest run of the whole pipeline has reported
   * @param siteNames the names of the sites by their ids
   */
  static UnreadLists of(
      ExportJob job,
      ListedSlices listed,
      Coverage coverage,
      boolean allSites,
      boolean hasSucceeded,
      List<String> lastMessages,
      List<Account> accounts,
      Map<String, String> siteNames,
      Map<String, String> siteAccounts) {
    List<String> words = new ArrayList<>();
    Set<String> sites = new HashSet<>();
    String run = Program.command("run " + job.name());
    if (allSites && job.selection().sites().isEmpty()) {
      words.addAll(ofSites(listed, hasSucceeded, lastMessages, accounts, siteAccounts, run));
    }
    words.addAll(ofUnknown(job, listed, coverage));
    List<Report> onEvents =
        job.reports().stream().filter(report -> report.events() != null).toList();
    List<SiteId> unread = onEvents.isEmpty() ? List.of() : listed.withoutEventList();
    if (!unread.isEmpty()) {
      unread.forEach(site -> sites.add(site.value()));
      boolean one = unread.size() == 1;
      words.add(
          onEvents.stream().map(Report::name).collect(Collectors.joining(", "))
              + " of "
              + named(unread, siteNames, siteAccounts)
              + (one
                  ? ": whether it has events is not known: no run has read its list of events yet."
                  : ": whether they have events is not known: no run has read their lists of events"
                      + " yet.")
              + " The next one reads it: "
              + run);
    }
    for (Report report : onEvents) {
      Set<Slice> stored =
          coverage.slices(report).stream()
              .filter(slice -> !coverage.everywhere(report, slice).isEmpty())
              .collect(Collectors.toSet());
      listed
          .lacking(report, stored)
          .forEach(
              (site, lacking) -> {
                sites.add(site.value());
                words.add(
                    report.name()
                        + " of "
                        + SiteNames.named(site.value(), siteNames, siteAccounts)
                        + ": "
                        + lacking
                        + " of the "
                        + job.mostEvents()
                        + " events that a run fetches (max_events) "
                        + (lacking == 1 ? "is" : "are")
                        + " not stored yet. The next one fetches them: "
                        + run);
              });
    }
    return new UnreadLists(words, sites);
  }

  private static List<String> ofSites(
      ListedSlices listed,
      boolean hasSucceeded,
      List<String> lastMessages,
      List<Account> accounts,
      Map<String, String> siteAccounts,
      String run) {
    if (listed.sites().isEmpty() && !hasSucceeded) {
      return List.of(
          "which sites the pipeline has is not known: no run of the whole pipeline has found any in"
              + " the list of sites yet. The next one reads it: "
              + run);
    }
    Set<String> read =
        listed.sites().stream()
            .map(site -> siteAccounts.getOrDefault(site.value(), ""))
            .collect(Collectors.toSet());
    return accounts.stream()
        .filter(account -> account.isNamed() && !read.contains(account.name()))
        // An account may be younger than the last success.
        .filter(
            account ->
                !hasSucceeded
                    || lastMessages.stream()
                        .anyMatch(message -> WindowOutcome.isOf(account.name(), message)))
        .map(
            account ->
                "account "
                    + account.name()
                    + ": no run has found a site of it yet, so which sites it has is not known."
                    + " The next one reads its list: "
                    + run)
        .toList();
  }

  /** Describes the sites that the pipeline names and that the API has never shown to a run. */
  private static List<String> ofUnknown(ExportJob job, ListedSlices listed, Coverage coverage) {
    Set<SiteId> stored =
        job.reports().stream()
            .flatMap(report -> coverage.slices(report).stream())
            .map(Slice::site)
            .collect(Collectors.toSet());
    return listed.unknown().stream()
        .filter(site -> !stored.contains(site))
        .map(
            site ->
                "site "
                    + site
                    + " is named under sites:, but the API has not shown it to any run: correct the"
                    + " id, or give the token access to the site ("
                    + Program.command("sites")
                    + " lists what it may read)")
        .toList();
  }

  private static String named(
      List<SiteId> some, Map<String, String> siteNames, Map<String, String> siteAccounts) {
    return some.stream()
            .limit(SITES_NAMED)
            .map(site -> SiteNames.named(site.value(), siteNames, siteAccounts))
            .collect(Collectors.joining(", "))
        + (some.size() > SITES_NAMED ? " and " + (some.size() - SITES_NAMED) + " more sites" : "");
  }
}
