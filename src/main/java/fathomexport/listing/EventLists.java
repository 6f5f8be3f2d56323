package fathomexport.listing;

import fathomexport.api.FathomClient;
import fathomexport.api.FathomClients;
import fathomexport.api.Outcome;
import fathomexport.report.Program;
import fathomexport.report.Site;
import fathomexport.report.SiteEvent;
import fathomexport.report.SiteId;
import fathomexport.run.FailurePolicy;
import fathomexport.run.SiteNames;
import fathomexport.run.WindowOutcome;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Asks for the events of sites, in all accounts at the same time. */
final class EventLists {
  private final FathomClients clients;

  EventLists(FathomClients clients) {
    this.clients = clients;
  }

  /** Queries the events of all sites, in all accounts at the same time. */
  Map<SiteId, List<SiteEvent>> of(List<Site> sites, List<WindowOutcome> lost) {
    Map<String, List<Site>> byAccount =
        sites.stream()
            .collect(Collectors.groupingBy(Site::account, LinkedHashMap::new, Collectors.toList()));
    Map<SiteId, List<SiteEvent>> found = new HashMap<>();
    for (Events events : SideBySide.each(List.copyOf(byAccount.values()), this::eventsOfAccount)) {
      found.putAll(events.found());
      lost.addAll(events.lost());
    }
    return found;
  }

  private record Events(Map<SiteId, List<SiteEvent>> found, List<WindowOutcome> lost) {}

  private Events eventsOfAccount(List<Site> sites) {
    List<WindowOutcome> lost = new ArrayList<>();
    return new Events(ofAccount(clients.of(sites.get(0).account()), sites, lost), lost);
  }

  /**
   * Queries the events of the sites of one account. A failure that may be temporary is retried
   * once, after all other sites.
   */
  private static Map<SiteId, List<SiteEvent>> ofAccount(
      FathomClient client, List<Site> sites, List<WindowOutcome> lost) {
    Map<SiteId, List<SiteEvent>> found = new HashMap<>();
    Deque<Site> queue = new ArrayDeque<>(sites);
    Set<SiteId> again = new HashSet<>();
    while (!queue.isEmpty()) {
      SiteId site = queue.element().id();
      Outcome<List<SiteEvent>> events =
          (again.contains(site) ? client : client.postponing()).events(site);
      SiteListings.requireNotStopped(events);
      events.value().ifPresent(list -> found.put(site, list));
      if (events instanceof Outcome.Failure<List<SiteEvent>> failure) {
        boolean ends = failure instanceof Outcome.Unavailable<?> u && u.endsRun();
        if (!ends && mayPass(failure) && again.add(site)) {
          queue.add(queue.element());
        } else {
          // Reports one line for all remaining sites if the failure ends the run.
          int others = ends ? queue.size() - 1 : 0;
          lost.add(
              WindowOutcome.failed(
                      "events of site "
                          + SiteNames.named(
                              site.value(), Map.of(site.value(), queue.element().name()))
                          + (others == 0 ? "" : " and of " + others + " more"),
                      FailurePolicy.kind(failure),
                      failure.describe() + (ends ? "" : advice(failure)))
                  .about(site));
          if (ends) {
            return found;
          }
        }
      }
      queue.remove();
    }
    return found;
  }

  /** Returns what to do about a list of events that the API refuses; empty if it may pass. */
  private static String advice(Outcome.Failure<?> failure) {
    return failure instanceof Outcome.Refused
        ? ". Until that is mended, reports on events lack this site, and nothing else does: see"
            + " whether the token may read it (`"
            + Program.command("sites")
            + "` lists what the token may read). If it may not, move the reports on events to a"
            + " separate pipeline that does not have this site under sites:; left out of this one,"
            + " the site would lose its other reports, too"
        : "";
  }

  private static boolean mayPass(Outcome.Failure<?> failure) {
    return failure instanceof Outcome.Unavailable
        || (failure instanceof Outcome.Malformed<?> malformed && !malformed.lasting());
  }
}
