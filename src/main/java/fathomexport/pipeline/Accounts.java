package fathomexport.pipeline;

import fathomexport.api.FathomClient;
import fathomexport.api.Outcome;
import fathomexport.api.Refusal;
import fathomexport.plan.Subject;
import fathomexport.report.Entity;
import fathomexport.report.Report;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Finds out which sites and events there are to export. None of its requests are billed. */
final class Accounts {
  private final FathomClient client;

  Accounts(FathomClient client) {
    this.client = client;
  }

  /**
   * The sites of a job with their events.
   *
   * @param lost one outcome for each site that could not be had; the others go on
   */
  record Found(List<Subject> subjects, List<WindowOutcome> lost) {
    List<SiteId> sites() {
      return subjects.stream().map(s -> s.site().id()).toList();
    }
  }

  /**
   * Every site that the job is about.
   *
   * @throws ExportFailedException when the token is refused or the API is down
   */
  Found subjects(ExportJob job) {
    List<WindowOutcome> lost = new ArrayList<>();
    List<Site> sites = job.sites().map(ids -> named(ids, lost)).orElseGet(this::all);
    boolean events = job.reports().stream().map(Report::entity).anyMatch(Entity.EVENT::equals);
    List<Subject> subjects = new ArrayList<>();
    for (Site site : sites) {
      subjects.add(new Subject(site, events ? eventsOf(site, lost) : List.of()));
    }
    return new Found(subjects, lost);
  }

  /** All sites of the account. */
  List<Site> all() {
    Outcome<List<Site>> sites = client.sites();
    if (sites instanceof Outcome.Failure<List<Site>> failure) {
      throw new ExportFailedException(
          kind(failure),
          "cannot list the account's sites: "
              + failure.describe()
              + (kind(failure) == FailureKind.PERMISSION
                  ? " (check the token; one that is for single sites cannot list them: name their"
                      + " ids under sites: in the pipeline)"
                  : ""),
          null);
    }
    return sites.value().orElseThrow();
  }

  private List<Site> named(List<SiteId> ids, List<WindowOutcome> lost) {
    Map<SiteId, Site> listed = new HashMap<>();
    Outcome<List<Site>> listing = client.sites();
    if (listing instanceof Outcome.Failure<List<Site>> failure) {
      boolean mayNotList =
          failure instanceof Outcome.Refused<?> refused && refused.refusal() != Refusal.CREDENTIALS;
      if (!mayNotList) {
        throw new ExportFailedException(
            kind(failure),
            "cannot reach the account: "
                + failure.describe()
                + (kind(failure) == FailureKind.PERMISSION
                    ? " (check the token, and where api.token in the settings takes it from)"
                    : ""),
            null);
      }
    }
    listing.value().ifPresent(sites -> sites.forEach(site -> listed.put(site.id(), site)));
    List<Site> result = new ArrayList<>();
    for (SiteId id : ids) {
      Optional<Site> known = Optional.ofNullable(listed.get(id));
      known.or(() -> one(id, lost)).ifPresent(result::add);
    }
    return result;
  }

  private Optional<Site> one(SiteId id, List<WindowOutcome> lost) {
    Outcome<Site> site = client.site(id);
    if (site instanceof Outcome.Failure<Site> failure) {
      lost.add(WindowOutcome.failed("site " + id, kind(failure), failure.describe()));
    }
    return site.value();
  }

  private List<String> eventsOf(Site site, List<WindowOutcome> lost) {
    Outcome<List<String>> events = client.events(site.id());
    if (events instanceof Outcome.Failure<List<String>> failure) {
      lost.add(
          WindowOutcome.failed("events of site " + site.id(), kind(failure), failure.describe()));
    }
    return events.value().orElse(List.of());
  }

  static FailureKind kind(Outcome.Failure<?> failure) {
    if (failure instanceof Outcome.Refused<?> refused) {
      return switch (refused.refusal()) {
        case CREDENTIALS, PERMISSION, NOT_FOUND -> FailureKind.PERMISSION;
        case LIMIT, RANGE, PARAMETERS, OTHER -> FailureKind.CONFIGURATION;
      };
    }
    if (failure instanceof Outcome.Stopped) {
      return FailureKind.STOPPED;
    }
    return failure instanceof Outcome.Spent ? FailureKind.BUDGET : FailureKind.TRY_LATER;
  }
}
