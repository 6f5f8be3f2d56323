package fathomexport.listing;

import fathomexport.api.FathomClients;
import fathomexport.api.Outcome;
import fathomexport.plan.Subject;
import fathomexport.report.Entity;
import fathomexport.report.Program;
import fathomexport.report.Report;
import fathomexport.report.Site;
import fathomexport.report.SiteEvent;
import fathomexport.report.SiteId;
import fathomexport.run.Account;
import fathomexport.run.ExportFailedException;
import fathomexport.run.ExportJob;
import fathomexport.run.FailureKind;
import fathomexport.run.FailurePolicy;
import fathomexport.run.WindowOutcome;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the sites and events to export, in all accounts at the same time. None of its requests are
 * billed.
 *
 * <p>A site belongs to the account that the settings name for it, otherwise to the first account of
 * the settings whose token lists it. An account that cannot be asked loses only its own sites,
 * unless it is the only one.
 */
public final class Accounts {
  private static final Logger LOG = LoggerFactory.getLogger(Accounts.class);

  /** A line names at most so many sites. */
  private static final int SITES_NAMED = 10;

  private final List<Account> accounts;
  private final Map<String, AccountLists> lists;
  private final SiteListings siteLists;

  public Accounts(FathomClients clients, List<Account> accounts) {
    this.accounts = List.copyOf(accounts);
    this.lists = AccountLists.of(clients, accounts);
    this.siteLists = new SiteListings(clients, accounts, lists);
  }

  /**
   * The sites of a job with their events.
   *
   * @param lost one outcome per site, or account, that could not be queried; the other sites are
   *     exported
   * @param listed all sites of the accounts; null if a list could not be read as a whole, so that a
   *     site that is not among them may still exist
   * @param events the events of each site whose list of events was read
   * @param notices what an operator should know of the sites, in lines for people
   */
  public record Found(
      List<Subject> subjects,
      List<WindowOutcome> lost,
      @Nullable List<Site> listed,
      Map<SiteId, List<SiteEvent>> events,
      List<String> notices) {
    /** Returns the number of unusable records in the lists of sites. */
    public long recordsSkipped() {
      return lost.stream().mapToLong(WindowOutcome::recordsSkipped).sum();
    }

    public List<SiteId> sites() {
      return subjects.stream().map(s -> s.site().id()).toList();
    }
  }

  /**
   * The sites of all accounts.
   *
   * @param lost one outcome per account or record that could not be read
   */
  public record Sites(List<Site> sites, List<WindowOutcome> lost) {}

  /**
   * Queries every site that the job exports, with its events if a report needs them.
   *
   * @throws ExportFailedException if no account can be asked: a token is refused, or the API is
   *     down
   */
  public Found subjects(ExportJob job) {
    List<SiteListing> listings = siteLists.of(job.sites().isPresent());
    List<WindowOutcome> lost = new ArrayList<>();
    List<String> notices = new ArrayList<>();
    Map<SiteId, Site> all = assigned(listings, notices);
    List<Site> sites;
    if (job.sites().isPresent()) {
      sites = named(job.sites().get(), all, listings, lost);
    } else {
      listings.forEach(listing -> lost.addAll(listing.odd()));
      queryNamedBySettings(job.selection().sites(), listings, all, lost);
      sites = selected(job, List.copyOf(all.values()), listings);
    }
    loseAccounts(job, sites, listings, lost);
    if (job.sites().isEmpty() && all.isEmpty() && lost.isEmpty()) {
      notices.add("the API lists no site, so there is nothing to export");
    }
    boolean whole = listings.stream().allMatch(SiteListing::whole);
    boolean events = job.reports().stream().map(Report::entity).anyMatch(Entity.EVENT::equals);
    Map<SiteId, List<SiteEvent>> found = events ? new EventLists(lists).of(sites, lost) : Map.of();
    return new Found(
        sites.stream()
            .map(
                s ->
                    new Subject(
                        s,
                        found.getOrDefault(s.id(), List.of()).stream()
                            .map(SiteEvent::name)
                            .toList()))
            .toList(),
        lost,
        whole ? List.copyOf(all.values()) : null,
        found,
        notices);
  }

  /** Returns all usable sites of the accounts. The log names the unusable records. */
  public Sites all() {
    List<SiteListing> listings = siteLists.of(false);
    List<String> notices = new ArrayList<>();
    List<WindowOutcome> lost = new ArrayList<>();
    Map<SiteId, Site> sites = assigned(listings, notices);
    queryNamedBySettings(List.of(), listings, sites, lost);
    notices.forEach(LOG::warn);
    listings.stream()
        .flatMap(l -> l.odd().stream())
        .forEach(o -> LOG.warn("{}: {}", o.window(), o.message()));
    lost.addAll(SiteListings.failures(listings));
    return new Sites(List.copyOf(sites.values()), lost);
  }

  /** Returns the listed sites, each of one account. */
  private Map<SiteId, Site> assigned(List<SiteListing> listings, List<String> notices) {
    Map<SiteId, String> bySettings = new HashMap<>();
    accounts.forEach(a -> a.sites().forEach(site -> bySettings.put(site, a.name())));
    Map<SiteId, Site> assigned = new LinkedHashMap<>();
    Map<String, Map<String, List<SiteId>>> shared = new LinkedHashMap<>();
    for (SiteListing listing : listings) {
      String name = listing.account().name();
      for (Site site : listing.sites()) {
        if (!listing.mayHave(site.id()) || !bySettings.getOrDefault(site.id(), name).equals(name)) {
          continue;
        }
        Site first = assigned.putIfAbsent(site.id(), site);
        if (first != null) {
          shared
              .computeIfAbsent(first.account(), a -> new LinkedHashMap<>())
              .computeIfAbsent(name, a -> new ArrayList<>())
              .add(site.id());
        }
      }
    }
    shared.forEach(
        (first, others) ->
            others.forEach((other, sites) -> notices.add(sharedWords(first, other, sites))));
    return assigned;
  }

  private static String sharedWords(String first, String other, List<SiteId> sites) {
    return (sites.size() == 1 ? "site " : "sites ")
        + sites.stream().limit(SITES_NAMED).map(SiteId::value).collect(Collectors.joining(", "))
        + (sites.size() > SITES_NAMED ? " and " + (sites.size() - SITES_NAMED) + " more" : "")
        + (sites.size() == 1 ? " is" : " are")
        + " listed by the accounts "
        + first
        + " and "
        + other
        + ", and exported by "
        + first
        + ", which stands first in the settings; to have it otherwise, name them under sites: in"
        + " the entry of an account";
  }

  /** Queries the sites that the settings name for an account and that its list does not have. */
  private void queryNamedBySettings(
      List<SiteId> wanted,
      List<SiteListing> listings,
      Map<SiteId, Site> all,
      List<WindowOutcome> lost) {
    for (SiteListing listing : listings) {
      Account account = listing.account();
      for (SiteId id : account.sites()) {
        if (listing.failure() == null
            && !all.containsKey(id)
            && (wanted.isEmpty() || wanted.contains(id))) {
          one(account, id, lost).ifPresent(site -> all.put(id, site));
        }
      }
    }
  }

  /**
   * Adds the accounts that could not be asked to what is lost, unless the job names its sites and
   * has found them all in the other accounts.
   */
  private static void loseAccounts(
      ExportJob job, List<Site> sites, List<SiteListing> listings, List<WindowOutcome> lost) {
    List<SiteId> named =
        job.selection().sites().isEmpty() ? job.sites().orElse(List.of()) : job.selection().sites();
    Set<SiteId> found = sites.stream().map(Site::id).collect(Collectors.toSet());
    List<WindowOutcome> failures = SiteListings.failures(listings);
    if (!named.isEmpty() && found.containsAll(named)) {
      failures.forEach(
          f -> LOG.warn("{}: {}; none of its sites is asked for", f.window(), f.message()));
    } else {
      lost.addAll(failures);
    }
  }

  /** Returns the sites that the user limits the command to; all if the user names none. */
  private static List<Site> selected(ExportJob job, List<Site> listed, List<SiteListing> listings) {
    List<SiteId> named = job.selection().sites();
    if (named.isEmpty()) {
      return listed;
    }
    List<SiteId> known = listed.stream().map(Site::id).toList();
    List<SiteListing> failed = listings.stream().filter(l -> l.failure() != null).toList();
    if (!known.containsAll(named) && !failed.isEmpty()) {
      // The site may be one of those accounts: that it does not exist is not known.
      throw SiteListings.worst(failed);
    }
    job.selection().requireSites(known, "the token lists no such site", "lists");
    return listed.stream().filter(site -> named.contains(site.id())).toList();
  }

  private List<Site> named(
      List<SiteId> ids,
      Map<SiteId, Site> all,
      List<SiteListing> listings,
      List<WindowOutcome> lost) {
    List<Site> result = new ArrayList<>();
    for (SiteId id : ids) {
      Optional<Site> known = Optional.ofNullable(all.get(id));
      known.or(() -> unlisted(id, listings, lost)).ifPresent(result::add);
    }
    return result;
  }

  /**
   * Queries a site that no list has: in the account that the settings name for it, otherwise in
   * each account, in their order, until one has it.
   */
  private Optional<Site> unlisted(SiteId id, List<SiteListing> listings, List<WindowOutcome> lost) {
    List<SiteListing> naming =
        listings.stream().filter(l -> l.account().sites().contains(id)).toList();
    List<SiteListing> candidates =
        naming.isEmpty() ? listings.stream().filter(l -> l.mayHave(id)).toList() : naming;
    List<WindowOutcome> failures = new ArrayList<>();
    for (SiteListing listing : candidates) {
      if (listing.failure() == null) {
        Optional<Site> site = one(listing.account(), id, failures);
        if (site.isPresent()) {
          return site;
        }
      }
    }
    List<SiteListing> failed = candidates.stream().filter(l -> l.failure() != null).toList();
    if (!failed.isEmpty()) {
      // The account is lost as a whole, and says why.
      LOG.warn(
          "site {} was found in no other account: {}",
          id,
          failed.stream().map(SiteListing::words).collect(Collectors.joining("; ")));
    } else if (failures.isEmpty()) {
      lost.add(
          WindowOutcome.failed(
                  "site " + id,
                  FailureKind.CONFIGURATION,
                  "no account has this site: each entry under accounts: in the settings names its"
                      + " sites, and none names this one")
              .about(id));
    } else {
      failures.stream()
          .min(Comparator.comparing(f -> f.failure() == FailureKind.PERMISSION))
          .ifPresent(lost::add);
    }
    return Optional.empty();
  }

  private Optional<Site> one(Account account, SiteId id, List<WindowOutcome> lost) {
    Outcome<Site> site = Objects.requireNonNull(lists.get(account.name())).site(id);
    SiteListings.requireNotStopped(site);
    if (site instanceof Outcome.Failure<Site> failure) {
      boolean named = account.sites().contains(id);
      lost.add(
          WindowOutcome.failed(
                  "site " + id,
                  FailurePolicy.kind(failure),
                  Account.inWords(named ? account.name() : "", failure.describe())
                      + (FailurePolicy.kind(failure) == FailureKind.PERMISSION
                          ? " (correct the id under sites: in "
                              + (named ? "the account's entry in the settings" : "the pipeline")
                              + ", or give the token access: `"
                              + Program.command("sites")
                              + "` lists what it may read)"
                          : ""))
              .about(id));
    }
    return site.value().map(found -> found.of(account.name()));
  }
}
