package fathomexport.fetch;

import fathomexport.api.FathomClient;
import fathomexport.api.FathomClients;
import fathomexport.api.Listed;
import fathomexport.api.Outcome;
import fathomexport.api.Refusal;
import fathomexport.plan.Subject;
import fathomexport.report.Entity;
import fathomexport.report.Program;
import fathomexport.report.Report;
import fathomexport.report.SecretUnavailableException;
import fathomexport.report.Site;
import fathomexport.report.SiteEvent;
import fathomexport.report.SiteId;
import fathomexport.run.Account;
import fathomexport.run.BackfillCommands;
import fathomexport.run.ExportFailedException;
import fathomexport.run.ExportJob;
import fathomexport.run.FailureKind;
import fathomexport.run.FailurePolicy;
import fathomexport.run.WindowOutcome;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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

  private final FathomClients clients;
  private final List<Account> accounts;

  public Accounts(FathomClients clients, List<Account> accounts) {
    this.clients = clients;
    this.accounts = List.copyOf(accounts);
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
   * What an account's list of sites says.
   *
   * @param odd unusable records, of which the outcome is reported if all sites are exported
   * @param whole whether the list has all sites
   * @param failure why the account cannot be asked at all; null if it can
   */
  private record Listing(
      Account account,
      List<Site> sites,
      List<WindowOutcome> odd,
      boolean whole,
      @Nullable ExportFailedException failure) {
    static Listing of(Account account, Listed<Site> found) {
      return new Listing(
          account,
          found.found().stream().map(site -> site.of(account.name())).toList(),
          found.odd().stream().map(Listing::odd).toList(),
          found.odd().isEmpty(),
          null);
    }

    private static WindowOutcome odd(String what) {
      return WindowOutcome.skippedRecord(
          "sites of the account", "skipping a record of /sites: " + what);
    }

    /** Returns the listing of an account whose sites have to be queried one by one. */
    static Listing unreadable(Account account) {
      return new Listing(account, List.of(), List.of(), false, null);
    }

    static Listing failed(Account account, ExportFailedException failure) {
      return new Listing(account, List.of(), List.of(), false, failure);
    }

    /** Returns whether the account may have this site. */
    boolean mayHave(SiteId site) {
      return account.sites().isEmpty() || account.sites().contains(site);
    }
  }

  /**
   * Queries every site that the job exports, with its events if a report needs them.
   *
   * @throws ExportFailedException if no account can be asked: a token is refused, or the API is
   *     down
   */
  public Found subjects(ExportJob job) {
    List<Listing> listings = listings(job.sites().isPresent());
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
    boolean whole = listings.stream().allMatch(Listing::whole);
    loseAccounts(job, sites, listings, lost);
    boolean events = job.reports().stream().map(Report::entity).anyMatch(Entity.EVENT::equals);
    Map<SiteId, List<SiteEvent>> found = events ? events(sites, lost) : Map.of();
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
    List<Listing> listings = listings(false);
    List<String> notices = new ArrayList<>();
    List<WindowOutcome> lost = new ArrayList<>();
    Map<SiteId, Site> sites = assigned(listings, notices);
    queryNamedBySettings(List.of(), listings, sites, lost);
    notices.forEach(LOG::warn);
    listings.stream()
        .flatMap(l -> l.odd().stream())
        .forEach(o -> LOG.warn("{}: {}", o.window(), o.message()));
    lost.addAll(failures(listings));
    return new Sites(List.copyOf(sites.values()), lost);
  }

  // --- The accounts' lists

  /**
   * Lists the sites of all accounts.
   *
   * @param named whether sites that no list has are queried one by one, so that a token that may
   *     not list sites suffices
   * @throws ExportFailedException if no account can be asked
   */
  private List<Listing> listings(boolean named) {
    List<Listing> listings =
        SideBySide.each(
            accounts,
            account -> {
              try {
                return clients
                    .absence(account.name())
                    .map(why -> Listing.failed(account, absent(account, why)))
                    .orElseGet(() -> listing(account, named || !account.sites().isEmpty()));
              } catch (ExportFailedException e) {
                if (e.kind() == FailureKind.STOPPED) {
                  throw e;
                }
                return Listing.failed(account, e);
              }
            });
    List<Listing> failed = listings.stream().filter(l -> l.failure() != null).toList();
    if (failed.size() == listings.size()) {
      throw worst(failed);
    }
    return listings;
  }

  private static ExportFailedException absent(Account account, SecretUnavailableException why) {
    return new ExportFailedException(
        FailureKind.PERMISSION, account.tokenSetting() + ": " + why.getMessage(), why);
  }

  /** Returns the failure of all accounts: the worst one, with everything that is to be done. */
  private static ExportFailedException worst(List<Listing> failed) {
    ExportFailedException first = Objects.requireNonNull(failed.get(0).failure());
    if (failed.size() == 1 && !failed.get(0).account().isNamed()) {
      return first;
    }
    return new ExportFailedException(
        failed.stream()
            .flatMap(l -> Stream.ofNullable(l.failure()))
            .map(ExportFailedException::kind)
            .min(Comparator.naturalOrder())
            .orElseThrow(),
        failed.stream().map(Accounts::words).collect(Collectors.joining("; ")),
        first);
  }

  private static String words(Listing failed) {
    return Account.inWords(
        failed.account().name(),
        String.valueOf(Objects.requireNonNull(failed.failure()).getMessage()));
  }

  private Listing listing(Account account, boolean named) {
    Outcome<Listed<Site>> listing = clients.of(account.name()).sites();
    requireNotStopped(listing);
    if (listing instanceof Outcome.Failure<Listed<Site>> failure) {
      if (!named) {
        throw failed(
            account,
            "cannot list the account's sites: ",
            failure,
            "; a token for single sites cannot list them: name the ids under sites: in "
                + (account.isNamed()
                    ? "the entry of the account in the settings"
                    : "the pipeline"));
      }
      boolean mayNotList =
          failure instanceof Outcome.Refused<?> refused
              && refused.refusal() != Refusal.CREDENTIALS
              && refused.refusal() != Refusal.SUBSCRIPTION;
      boolean unusable = failure instanceof Outcome.Malformed<?> malformed && malformed.lasting();
      if (!mayNotList && !unusable) {
        throw failed(account, "cannot reach the account: ", failure, "");
      }
      if (unusable) {
        LOG.warn(
            "{}",
            Account.inWords(
                account.name(),
                "cannot list the sites, and queries each site by its id: " + failure.describe()));
      }
      return Listing.unreadable(account);
    }
    return Listing.of(account, listing.value().orElseThrow());
  }

  /**
   * Returns why an account cannot be asked.
   *
   * @param more what else may help where the token is refused
   */
  private static ExportFailedException failed(
      Account account, String what, Outcome.Failure<?> failure, String more) {
    FailureKind kind = FailurePolicy.kind(failure);
    String hint = "";
    if (failure instanceof Outcome.Refused<?> refused
        && refused.refusal() == Refusal.SUBSCRIPTION) {
      hint = " (renew the account's subscription, and run the same command again)";
    } else if (kind == FailureKind.PERMISSION) {
      hint =
          " (check the token, and the place of it that "
              + account.tokenSetting()
              + " in the settings names"
              + more
              + ")";
    }
    return new ExportFailedException(kind, what + failure.describe() + hint, null);
  }

  /** Returns the listed sites, each of one account. */
  private Map<SiteId, Site> assigned(List<Listing> listings, List<String> notices) {
    Map<SiteId, String> bySettings = new HashMap<>();
    accounts.forEach(a -> a.sites().forEach(site -> bySettings.put(site, a.name())));
    Map<SiteId, Site> assigned = new LinkedHashMap<>();
    Map<String, Map<String, List<SiteId>>> shared = new LinkedHashMap<>();
    for (Listing listing : listings) {
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
      List<Listing> listings,
      Map<SiteId, Site> all,
      List<WindowOutcome> lost) {
    for (Listing listing : listings) {
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
      ExportJob job, List<Site> sites, List<Listing> listings, List<WindowOutcome> lost) {
    List<SiteId> named =
        job.selection().sites().isEmpty() ? job.sites().orElse(List.of()) : job.selection().sites();
    Set<SiteId> found = sites.stream().map(Site::id).collect(Collectors.toSet());
    List<WindowOutcome> failures = failures(listings);
    if (!named.isEmpty() && found.containsAll(named)) {
      failures.forEach(
          f -> LOG.warn("{}: {}; none of its sites is asked for", f.window(), f.message()));
    } else {
      lost.addAll(failures);
    }
  }

  private static List<WindowOutcome> failures(List<Listing> listings) {
    List<WindowOutcome> failures = new ArrayList<>();
    for (Listing listing : listings) {
      ExportFailedException failure = listing.failure();
      if (failure != null) {
        failures.add(
            WindowOutcome.failedAccount(
                listing.account().name(), failure.kind(), String.valueOf(failure.getMessage())));
      }
    }
    return failures;
  }

  // --- The sites

  /** Returns the sites that the user limits the command to; all if the user names none. */
  private static List<Site> selected(ExportJob job, List<Site> listed, List<Listing> listings) {
    List<SiteId> named = job.selection().sites();
    if (named.isEmpty()) {
      return listed;
    }
    List<SiteId> known = listed.stream().map(Site::id).toList();
    List<Listing> failed = listings.stream().filter(l -> l.failure() != null).toList();
    if (!known.containsAll(named) && !failed.isEmpty()) {
      // The site may be one of those accounts: that it does not exist is not known.
      throw worst(failed);
    }
    job.selection().requireSites(known, "the token lists no such site", "lists");
    return listed.stream().filter(site -> named.contains(site.id())).toList();
  }

  /** A stop is no fault of the account, and without the account nothing can be planned. */
  private static void requireNotStopped(Outcome<?> outcome) {
    if (outcome instanceof Outcome.Stopped) {
      throw ExportFailedException.stopped();
    }
  }

  private List<Site> named(
      List<SiteId> ids, Map<SiteId, Site> all, List<Listing> listings, List<WindowOutcome> lost) {
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
  private Optional<Site> unlisted(SiteId id, List<Listing> listings, List<WindowOutcome> lost) {
    List<Listing> naming = listings.stream().filter(l -> l.account().sites().contains(id)).toList();
    List<Listing> candidates =
        naming.isEmpty() ? listings.stream().filter(l -> l.mayHave(id)).toList() : naming;
    List<WindowOutcome> failures = new ArrayList<>();
    for (Listing listing : candidates) {
      if (listing.failure() == null) {
        Optional<Site> site = one(listing.account(), id, failures);
        if (site.isPresent()) {
          return site;
        }
      }
    }
    List<Listing> failed = candidates.stream().filter(l -> l.failure() != null).toList();
    if (!failed.isEmpty()) {
      // The account is lost as a whole, and says why.
      LOG.warn(
          "site {} was found in no other account: {}",
          id,
          failed.stream().map(Accounts::words).collect(Collectors.joining("; ")));
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
    Outcome<Site> site = clients.of(account.name()).site(id);
    requireNotStopped(site);
    if (site instanceof Outcome.Failure<Site> failure) {
      lost.add(
          WindowOutcome.failed(
                  "site " + id,
                  FailurePolicy.kind(failure),
                  failure.describe()
                      + (FailurePolicy.kind(failure) == FailureKind.PERMISSION
                          ? " (correct the id under sites: in the pipeline, or give the token"
                              + " access: `"
                              + Program.command("sites")
                              + "` lists what it may read)"
                          : ""))
              .about(id));
    }
    return site.value().map(found -> found.of(account.name()));
  }

  /** Queries the events of all sites, in all accounts at the same time. */
  private Map<SiteId, List<SiteEvent>> events(List<Site> sites, List<WindowOutcome> lost) {
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
    return new Events(events(clients.of(sites.get(0).account()), sites, lost), lost);
  }

  /**
   * Queries the events of the sites of one account. A failure that may be temporary is retried
   * once, after all other sites.
   */
  private static Map<SiteId, List<SiteEvent>> events(
      FathomClient client, List<Site> sites, List<WindowOutcome> lost) {
    Map<SiteId, List<SiteEvent>> found = new HashMap<>();
    Deque<Site> queue = new ArrayDeque<>(sites);
    Set<SiteId> again = new HashSet<>();
    while (!queue.isEmpty()) {
      SiteId site = queue.element().id();
      Outcome<List<SiteEvent>> events =
          (again.contains(site) ? client : client.postponing()).events(site);
      requireNotStopped(events);
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
                          + BackfillCommands.named(
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
            + "` lists what the token may read), or leave the site out under sites: in the pipeline"
        : "";
  }

  private static boolean mayPass(Outcome.Failure<?> failure) {
    return failure instanceof Outcome.Unavailable
        || (failure instanceof Outcome.Malformed<?> malformed && !malformed.lasting());
  }
}
