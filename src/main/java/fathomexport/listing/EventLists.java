package fathomexport.listing;

import fathomexport.api.FathomClient;
import fathomexport.api.Outcome;
import fathomexport.report.Program;
import fathomexport.report.Site;
import fathomexport.report.SiteEvent;
import fathomexport.report.SiteId;
import fathomexport.run.Account;
import fathomexport.run.FailurePolicy;
import fathomexport.run.SiteNames;
import fathomexport.run.WindowOutcome;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;

/** Asks for the events of sites, in all accounts at the same time. */
final class EventLists {
  /**
   * If so many lists fail one after the other, although each was asked for as often as possible,
   * the fault is with the account.
   */
  private static final int FAILED_IN_A_ROW = FathomClient.CONSECUTIVE_FAILURES;

  private final Map<String, AccountLists> lists;

  /**
   * @param lists by the names of the accounts
   */
  EventLists(Map<String, AccountLists> lists) {
    this.lists = lists;
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
    AccountLists ofAccount = Objects.requireNonNull(lists.get(sites.get(0).account()));
    return new Events(ofAccount(ofAccount, sites, lost), lost);
  }

  /**
   * Queries the events of the sites of one account. A failure that may be temporary is retried
   * once, after all other sites.
   */
  private static Map<SiteId, List<SiteEvent>> ofAccount(
      AccountLists lists, List<Site> sites, List<WindowOutcome> lost) {
    Map<SiteId, List<SiteEvent>> found = new HashMap<>();
    Deque<Site> first = new ArrayDeque<>(sites);
    Deque<Site> second = new ArrayDeque<>();
    int inARow = 0;
    while (!first.isEmpty() || !second.isEmpty()) {
      boolean again = first.isEmpty();
      Deque<Site> queue = again ? second : first;
      // Before the account is blamed, a site is asked that does not stand beside those that failed.
      Site site = inARow == FAILED_IN_A_ROW - 1 ? queue.removeLast() : queue.removeFirst();
      Outcome<List<SiteEvent>> events = lists.events(site.id(), again);
      SiteListings.requireNotStopped(events);
      events.value().ifPresent(list -> found.put(site.id(), list));
      inARow = usedAllAttempts(events) ? inARow + 1 : 0;
      if (events instanceof Outcome.Failure<List<SiteEvent>> failure) {
        if (inARow == FAILED_IN_A_ROW) {
          lists.end(failure);
        }
        boolean ends = lists.ended();
        if (!ends && !again && mayPass(failure)) {
          second.add(site);
        } else {
          // One line for all remaining sites, if none of them is asked.
          int others = ends ? first.size() + second.size() : 0;
          lost.add(
              WindowOutcome.failed(
                      "events of site "
                          + SiteNames.named(
                              site.id().value(), Map.of(site.id().value(), site.name()))
                          + (others == 0 ? "" : " and of " + others + " more"),
                      FailurePolicy.kind(failure),
                      ends
                          ? Account.inWords(site.account(), failure.describe())
                          : failure.describe() + advice(failure))
                  .about(site.id()));
          if (ends) {
            return found;
          }
        }
      }
    }
    return found;
  }

  /** Returns whether a list failed by itself, and not because the circuit breaker is open. */
  private static boolean usedAllAttempts(Outcome<?> list) {
    return (list instanceof Outcome.Unavailable<?> away
            && (away.cause() == Outcome.Unavailable.Cause.ATTEMPTS
                || away.cause() == Outcome.Unavailable.Cause.RETRIES_SPENT))
        || (list instanceof Outcome.Malformed<?> malformed && !malformed.lasting());
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
