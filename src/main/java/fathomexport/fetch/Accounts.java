package fathomexport.fetch;

import fathomexport.api.FathomClient;
import fathomexport.api.Listed;
import fathomexport.api.Outcome;
import fathomexport.api.Refusal;
import fathomexport.plan.Subject;
import fathomexport.report.Entity;
import fathomexport.report.Report;
import fathomexport.report.Site;
import fathomexport.report.SiteEvent;
import fathomexport.report.SiteId;
import fathomexport.run.ExportFailedException;
import fathomexport.run.ExportJob;
import fathomexport.run.FailureKind;
import fathomexport.run.FailurePolicy;
import fathomexport.run.WindowOutcome;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds the sites and events to export. None of its requests are billed. */
public final class Accounts {
  private static final Logger LOG = LoggerFactory.getLogger(Accounts.class);

  private final FathomClient client;

  public Accounts(FathomClient client) {
    this.client = client;
  }

  /**
   * The sites of a job with their events.
   *
   * @param lost one outcome per site that could not be queried; the other sites are exported
   * @param listed all sites of the account; null if the list could not be read as a whole, so that
   *     a site that is not among them may still exist
   * @param events the events of each site whose list of events was read
   */
  public record Found(
      List<Subject> subjects,
      List<WindowOutcome> lost,
      @Nullable List<Site> listed,
      Map<SiteId, List<SiteEvent>> events) {
    /** Returns the number of unusable records in the list of sites. */
    public long recordsSkipped() {
      return lost.stream().mapToLong(WindowOutcome::recordsSkipped).sum();
    }

    public List<SiteId> sites() {
      return subjects.stream().map(s -> s.site().id()).toList();
    }
  }

  /**
   * Queries every site that the job exports, with its events if a report needs them.
   *
   * @throws ExportFailedException if the token is refused or the API is down
   */
  public Found subjects(ExportJob job) {
    List<WindowOutcome> lost = new ArrayList<>();
    List<Site> all = new ArrayList<>();
    List<Site> sites;
    boolean whole;
    if (job.sites().isPresent()) {
      Optional<Listed<Site>> listing = listingOrNone();
      listing.ifPresent(l -> all.addAll(l.found()));
      whole = listing.map(l -> l.odd().isEmpty()).orElse(false);
      sites = named(job.sites().get(), all, lost);
    } else {
      all.addAll(listed(lost));
      sites = selected(job, all);
      whole = lost.isEmpty();
    }
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
        whole ? List.copyOf(all) : null,
        found);
  }

  /** Returns the sites that the user limits the command to; all if the user names none. */
  private static List<Site> selected(ExportJob job, List<Site> listed) {
    List<SiteId> named = job.selection().sites();
    if (named.isEmpty()) {
      return listed;
    }
    job.selection()
        .requireSites(
            listed.stream().map(Site::id).toList(), "the token lists no such site", "lists");
    return listed.stream().filter(site -> named.contains(site.id())).toList();
  }

  /** Returns all usable sites of the account. The log names the unusable records. */
  public List<Site> all() {
    List<WindowOutcome> odd = new ArrayList<>();
    List<Site> sites = listed(odd);
    odd.forEach(o -> LOG.warn("{}: {}", o.window(), o.message()));
    return sites;
  }

  /** A stop is no fault of the account, and without the account nothing can be planned. */
  private static void requireNotStopped(Outcome<?> outcome) {
    if (outcome instanceof Outcome.Stopped) {
      throw ExportFailedException.stopped();
    }
  }

  private List<Site> listed(List<WindowOutcome> lost) {
    Outcome<Listed<Site>> sites = client.sites();
    requireNotStopped(sites);
    if (sites instanceof Outcome.Failure<Listed<Site>> failure) {
      throw new ExportFailedException(
          FailurePolicy.kind(failure),
          "cannot list the account's sites: "
              + failure.describe()
              + (FailurePolicy.kind(failure) == FailureKind.PERMISSION
                  ? " (check the token, and the place of it that api.token in the settings names;"
                      + " a token for single sites cannot list them: name the ids under sites: in"
                      + " the pipeline)"
                  : ""),
          null);
    }
    Listed<Site> found = sites.value().orElseThrow();
    found.odd().forEach(odd -> lost.add(odd(odd)));
    return found.found();
  }

  private static WindowOutcome odd(String what) {
    return WindowOutcome.skippedRecord(
        "sites of the account", "skipping a record of /sites: " + what);
  }

  /**
   * Lists the account's sites.
   *
   * @return empty if the token may not list them, or the list cannot be read: each site is then
   *     queried separately
   */
  private Optional<Listed<Site>> listingOrNone() {
    Outcome<Listed<Site>> listing = client.sites();
    requireNotStopped(listing);
    if (listing instanceof Outcome.Failure<Listed<Site>> failure) {
      boolean mayNotList =
          failure instanceof Outcome.Refused<?> refused && refused.refusal() != Refusal.CREDENTIALS;
      boolean unusable = failure instanceof Outcome.Malformed<?> malformed && malformed.lasting();
      if (!mayNotList && !unusable) {
        throw new ExportFailedException(
            FailurePolicy.kind(failure),
            "cannot reach the account: "
                + failure.describe()
                + (FailurePolicy.kind(failure) == FailureKind.PERMISSION
                    ? " (check the token, and the place of it that api.token in the settings names)"
                    : ""),
            null);
      }
      if (unusable) {
        LOG.warn("cannot list the sites, and queries each site by its id: {}", failure.describe());
      }
    }
    return listing.value();
  }

  private List<Site> named(List<SiteId> ids, List<Site> all, List<WindowOutcome> lost) {
    Map<SiteId, Site> listed = new HashMap<>();
    all.forEach(site -> listed.put(site.id(), site));
    List<Site> result = new ArrayList<>();
    for (SiteId id : ids) {
      Optional<Site> known = Optional.ofNullable(listed.get(id));
      known.or(() -> one(id, lost)).ifPresent(result::add);
    }
    return result;
  }

  private Optional<Site> one(SiteId id, List<WindowOutcome> lost) {
    Outcome<Site> site = client.site(id);
    requireNotStopped(site);
    if (site instanceof Outcome.Failure<Site> failure) {
      lost.add(
          WindowOutcome.failed(
                  "site " + id,
                  FailurePolicy.kind(failure),
                  failure.describe()
                      + (FailurePolicy.kind(failure) == FailureKind.PERMISSION
                          ? " (correct the id under sites: in the pipeline, or give the token"
                              + " access: `fathom-export sites` lists what it may read)"
                          : ""))
              .about(id));
    }
    return site.value();
  }

  /**
   * Queries the events of each site. A failure that may be temporary is retried once, after all
   * other sites.
   */
  private Map<SiteId, List<SiteEvent>> events(List<Site> sites, List<WindowOutcome> lost) {
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
                      "events of site " + site + (others == 0 ? "" : " and of " + others + " more"),
                      FailurePolicy.kind(failure),
                      failure.describe())
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

  private static boolean mayPass(Outcome.Failure<?> failure) {
    return failure instanceof Outcome.Unavailable
        || (failure instanceof Outcome.Malformed<?> malformed && !malformed.lasting());
  }
}
