package fathomexport.api;

import fathomexport.api.answer.Listed;
import fathomexport.api.answer.Lookups;
import fathomexport.api.answer.Refusal;
import fathomexport.report.Excerpt;
import fathomexport.report.Milestone;
import fathomexport.report.Site;
import fathomexport.report.SiteEvent;
import fathomexport.report.SiteId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The lists of the API: sites, and the events and milestones of a site. Each is read to its last
 * page, and has each of its things once.
 */
final class ListCalls {
  private static final Logger LOG = LoggerFactory.getLogger(FathomClient.class);

  private final RetryingCaller caller;

  ListCalls(RetryingCaller caller) {
    this.caller = caller;
  }

  /**
   * Lists all sites that the token may list, oldest first. Invalid records, and further records of
   * a site that contradict its first one, are listed separately.
   */
  Outcome<Listed<Site>> sites() {
    Outcome<Listed<Site>> outcome =
        all(Endpoint.SITES, "/sites", new CallScope(null, Endpoint.SITES.path()), Lookups::site);
    if (!(outcome instanceof Outcome.Success<Listed<Site>> success)) {
      return outcome.failure();
    }
    Map<SiteId, Site> sites = new LinkedHashMap<>();
    List<String> odd = new ArrayList<>(success.answer().odd());
    for (Site site : success.answer().found()) {
      Site first = sites.putIfAbsent(site.id(), site);
      // A site may move to the next page while the list is read; then it is the same twice.
      if (first != null
          && !(site.name().equals(first.name()) && Objects.equals(site.zone(), first.zone()))) {
        odd.add(
            "'"
                + Excerpt.of(site.id().value())
                + "': is listed before as "
                + inWords(first)
                + ", which counts, and not as "
                + inWords(site));
      }
    }
    return new Outcome.Success<>(new Listed<>(List.copyOf(sites.values()), odd));
  }

  private static String inWords(Site site) {
    return "'"
        + Excerpt.of(site.name())
        + "' in "
        + (site.zone() == null ? "an unknown time zone" : "the time zone " + site.zone());
  }

  /**
   * Lists the events of a site, one per name, in the API's order. If several records share a name,
   * the first currency among them counts.
   */
  Outcome<List<SiteEvent>> events(SiteId site) {
    Outcome<Listed<SiteEvent>> outcome =
        all(
            Endpoint.EVENTS,
            "/sites/" + AggregationRequest.encode(site.value()) + "/events",
            new CallScope(site, Endpoint.EVENTS.path()),
            Lookups::event);
    if (!(outcome instanceof Outcome.Success<Listed<SiteEvent>> success)) {
      return outcome.failure();
    }
    success.answer().odd().forEach(odd -> LOG.warn("site {}: skipping an event: {}", site, odd));
    Map<String, SiteEvent> events = new LinkedHashMap<>();
    for (SiteEvent event : success.answer().found()) {
      events.merge(event.name(), event, (a, b) -> a.currency() == null ? b : a);
    }
    return new Outcome.Success<>(List.copyOf(events.values()));
  }

  /**
   * Lists the notes on a site's timeline, one per id.
   *
   * @return empty if the API does not offer them to this token, which is not a failure: the
   *     endpoint is newer than many accounts' tokens
   */
  Outcome<Optional<List<Milestone>>> milestones(SiteId site) {
    Outcome<Listed<Milestone>> outcome =
        all(
            Endpoint.MILESTONES,
            "/sites/" + AggregationRequest.encode(site.value()) + "/milestones",
            new CallScope(site, Endpoint.MILESTONES.path()),
            Lookups::milestone);
    if (outcome instanceof Outcome.Refused<?> refused
        && (refused.refusal() == Refusal.NOT_FOUND
            || refused.refusal() == Refusal.PERMISSION
            || refused.refusal() == Refusal.SUBSCRIPTION)) {
      return new Outcome.Success<>(Optional.empty());
    }
    if (!(outcome instanceof Outcome.Success<Listed<Milestone>> success)) {
      return outcome.failure();
    }
    success.answer().odd().forEach(odd -> LOG.warn("site {}: skipping a milestone: {}", site, odd));
    Map<String, Milestone> milestones = new LinkedHashMap<>();
    success.answer().found().forEach(m -> milestones.putIfAbsent(m.id(), m));
    return new Outcome.Success<>(Optional.of(List.copyOf(milestones.values())));
  }

  /** Fetches all pages of a list. */
  private <T> Outcome<Listed<T>> all(
      Endpoint endpoint, String path, CallScope about, Lookups.RecordReader<T> reader) {
    return PagedList.of(
        endpoint,
        query ->
            caller.call(
                endpoint, about, path + query, () -> {}, body -> Lookups.page(body, reader)));
  }
}
