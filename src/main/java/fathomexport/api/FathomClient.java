package fathomexport.api;

import com.fasterxml.jackson.databind.JsonNode;
import fathomexport.api.AggregationAnswer.Contents;
import fathomexport.api.Attempt.Fault;
import fathomexport.api.Transport.BodyReader;
import fathomexport.report.SecretUnavailableException;
import fathomexport.report.Site;
import fathomexport.report.SiteId;
import fathomexport.report.StoredText;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The Fathom Analytics API. Each call waits for a permit, makes its request, and makes it again
 * where that can help; it ends as an {@link Outcome} and throws only what its caller's row handler
 * threw. Thread-safe.
 */
public final class FathomClient implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(FathomClient.class);
  private static final int PAGE_SIZE = 100;
  private static final int MOST_PAGES = 1000;

  /**
   * What is waited after a 429 that does not say how long: after it, every quota is whole again.
   */
  private static final Duration QUOTA_WINDOW = Duration.ofMinutes(1);

  /** Leaves the rest of a run the time to end within what schedulers grant. */
  private static final Duration STOP_GRACE = Duration.ofSeconds(15);

  private final String baseUrl;
  private final RetryPolicy policy;
  private final RunControls controls;
  private final Transport transport;
  private final AtomicLong billed = new AtomicLong();

  private final Quota reports;
  private final Quota lookups;

  /**
   * @param environment where the token is looked up if it is kept in a variable
   * @throws SecretUnavailableException when the token is not there, or cannot be one
   */
  public FathomClient(ApiSettings settings, Map<String, String> environment, RunControls controls) {
    String token = settings.token().resolve(environment);
    // The HTTP client would refuse such a header with a message that quotes it.
    if (!token.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
      throw new SecretUnavailableException(
          "the API token holds white space or characters other than ASCII, so it cannot be one: "
              + "check where it is kept",
          null);
    }
    String version = FathomClient.class.getPackage().getImplementationVersion();
    this.baseUrl = settings.baseUrl().toString().replaceAll("/+$", "");
    this.policy = settings.retries();
    this.controls = controls;
    this.reports = new Quota(controls.reports());
    this.lookups = new Quota(controls.lookups());
    this.transport =
        new Transport(
            settings,
            token,
            version == null ? "dev" : version,
            controls.stop(),
            STOP_GRACE,
            controls.time());
  }

  /** Requests so far that count as pageviews of the plan, failed ones included. */
  public long billedRequests() {
    return billed.get();
  }

  /**
   * Asks for an aggregation.
   *
   * @param handler takes the rows; they count only when the outcome is a success
   * @throws IOException only from the handler
   */
  public Outcome<AggregationAnswer> aggregations(AggregationRequest request, RowHandler handler)
      throws IOException {
    long[] requests = {0};
    RowHandler guarded = new GuardedHandler(handler);
    BodyReader<Contents> reader = body -> AnswerParser.parse(body, request.shape(), guarded);
    try {
      Outcome<Contents> outcome =
          call(
              Endpoint.AGGREGATIONS,
              "/aggregations?" + request.query(),
              () -> {
                requests[0]++;
                guarded.restart();
              },
              reader);
      if (outcome instanceof Outcome.Success<Contents> success) {
        return new Outcome.Success<>(
            new AggregationAnswer(
                success.answer(), Math.toIntExact(requests[0]), controls.time().instant()));
      }
      return failure(outcome);
    } catch (HandlerException e) {
      throw e.cause;
    }
  }

  /** All sites that the token may list, oldest first. */
  public Outcome<List<Site>> sites() {
    Outcome<List<JsonNode>> records = all(Endpoint.SITES, "/sites");
    if (!(records instanceof Outcome.Success<List<JsonNode>> success)) {
      return failure(records);
    }
    Map<SiteId, Site> sites = new LinkedHashMap<>();
    for (JsonNode record : success.answer()) {
      try {
        Site site = Lookups.site(record);
        sites.putIfAbsent(site.id(), site);
      } catch (UnusableAnswerException e) {
        return new Outcome.Malformed<>(String.valueOf(e.getMessage()), true);
      }
    }
    return new Outcome.Success<>(List.copyOf(sites.values()));
  }

  /** One site: for tokens that may not list. */
  public Outcome<Site> site(SiteId id) {
    return call(
        Endpoint.SITE,
        "/sites/" + AggregationRequest.encode(id.value()),
        () -> {},
        body -> Lookups.site(Lookups.object(body)));
  }

  /** The distinct names of a site's events as they are stored, in the API's order. */
  public Outcome<List<String>> events(SiteId site) {
    Outcome<List<JsonNode>> records =
        all(Endpoint.EVENTS, "/sites/" + AggregationRequest.encode(site.value()) + "/events");
    if (!(records instanceof Outcome.Success<List<JsonNode>> success)) {
      return failure(records);
    }
    Set<String> names = new LinkedHashSet<>();
    for (JsonNode record : success.answer()) {
      String name = Lookups.text(record, "name");
      if (name == null || name.isEmpty()) {
        LOG.warn("site {}: skipping an event that has no name", site);
      } else if (!StoredText.isSendable(name)) {
        LOG.warn(
            "site {}: skipping the event {}: its name holds half of a surrogate pair, which no"
                + " query can name",
            site,
            StoredText.encode(name));
      } else {
        names.add(StoredText.encode(name));
      }
    }
    return new Outcome.Success<>(List.copyOf(names));
  }

  /** What the API knows of the token: the check before a run. */
  public Outcome<Token> token() {
    return call(Endpoint.TOKEN, "/token", () -> {}, Lookups::token);
  }

  /**
   * Who is on a site now. Billed.
   *
   * @param detailed whether to ask for pages and referrers too
   */
  public Outcome<CurrentVisitors> currentVisitors(SiteId site, boolean detailed) {
    return call(
        Endpoint.CURRENT_VISITORS,
        "/current_visitors?site_id="
            + AggregationRequest.encode(site.value())
            + (detailed ? "&detailed=true" : ""),
        () -> {},
        body -> Lookups.visitors(body, detailed));
  }

  @Override
  public void close() {
    transport.close();
    controls.reports().close();
    controls.lookups().close();
  }

  /** All pages of a list. */
  private Outcome<List<JsonNode>> all(Endpoint endpoint, String path) {
    List<JsonNode> records = new ArrayList<>();
    Set<String> cursors = new LinkedHashSet<>();
    String after = null;
    for (int page = 0; page < MOST_PAGES; page++) {
      String query =
          "?limit="
              + PAGE_SIZE
              + (after == null ? "" : "&starting_after=" + AggregationRequest.encode(after));
      Outcome<Lookups.Page> outcome = call(endpoint, path + query, () -> {}, Lookups::page);
      if (!(outcome instanceof Outcome.Success<Lookups.Page> success)) {
        return failure(outcome);
      }
      Lookups.Page got = success.answer();
      records.addAll(got.data());
      if (!got.more() || got.data().isEmpty()) {
        return new Outcome.Success<>(records);
      }
      after = got.lastId();
      if (after == null || !cursors.add(after)) {
        return new Outcome.Malformed<>("the pages of " + endpoint.path() + " do not move on", true);
      }
    }
    return new Outcome.Malformed<>(
        endpoint.path() + " has more than " + MOST_PAGES + " pages of " + PAGE_SIZE, true);
  }

  private <T> Outcome<T> call(
      Endpoint endpoint, String pathAndQuery, Preparation preparation, BodyReader<T> reader) {
    try {
      for (int attempt = 1; ; attempt++) {
        Optional<Outcome<T>> closed = closed(endpoint);
        if (closed.isPresent()) {
          return closed.get();
        }
        Attempt<T> end = attempt(endpoint, baseUrl + pathAndQuery, attempt, preparation, reader);
        if (end instanceof Attempt.Usable<T> usable) {
          controls.budget().answered();
          return new Outcome.Success<>(usable.answer());
        } else if (end instanceof Attempt.Refused<T> refused) {
          return refused.refusal();
        } else if (end instanceof Attempt.Faulty<T> faulty) {
          if (faulty.fault() == Fault.LIMIT) {
            controls.listener().on(new RequestListener.Event.Limited(endpoint));
          }
          Optional<Outcome<T>> last = giveUp(endpoint, attempt, faulty);
          if (last.isPresent()) {
            return last.get();
          }
          pause(endpoint, attempt, faulty);
        } else if (end instanceof Attempt.Lapsed) {
          LOG.warn(
              "{}: this process stood still for too long; asking for a new permit",
              endpoint.path());
          attempt--;
        } else {
          return new Outcome.Stopped<>();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Outcome.Stopped<>();
    } catch (StoppedException e) {
      return new Outcome.Stopped<>();
    } catch (CappedPermits.CapReachedException e) {
      return new Outcome.Spent<>(e.most());
    }
  }

  private <T> Attempt<T> attempt(
      Endpoint endpoint, String url, int attempt, Preparation preparation, BodyReader<T> reader)
      throws InterruptedException, StoppedException {
    RequestListener listener = controls.listener();
    Permits.Permit permit =
        quota(endpoint)
            .permits
            .acquire(until -> listener.on(new RequestListener.Event.Waiting(endpoint, until)));
    try {
      preparation.prepare();
    } catch (IOException e) {
      permit.close();
      throw new HandlerException(e);
    }
    if (endpoint.billed()) {
      billed.incrementAndGet();
    }
    long start = controls.time().nanos();
    boolean usable = false;
    try {
      listener.on(new RequestListener.Event.Sent(endpoint, attempt));
      Attempt<T> end = transport.attempt(url, permit, reader);
      if (end instanceof Attempt.Faulty<T> faulty && faulty.fault() == Fault.LIMIT) {
        permit.limited();
      } else if (end instanceof Attempt.Lapsed && endpoint.billed()) {
        billed.decrementAndGet();
      }
      usable = end instanceof Attempt.Usable<T>;
      return end;
    } finally {
      permit.close();
      Duration took = Duration.ofNanos(controls.time().nanos() - start);
      listener.on(new RequestListener.Event.Answered(endpoint, attempt, usable, took));
    }
  }

  /** How the call ends if it ends here; empty when it is to be made again. */
  private <T> Optional<Outcome<T>> giveUp(
      Endpoint endpoint, int attempt, Attempt.Faulty<T> faulty) {
    Duration asked = faulty.retryAfter();
    if (asked != null && asked.compareTo(policy.longestAskedWait()) > 0) {
      quota(endpoint).closeUntil(controls.time().instant().plus(asked));
      return closed(endpoint);
    }
    if (faulty.fault() == Fault.MALFORMED_FOR_GOOD
        || (faulty.fault() == Fault.OF_OTHER_FORM && attempt > 1)) {
      return Optional.of(new Outcome.Malformed<>(faulty.reason(), true));
    }
    if (attempt >= policy.maxAttempts()) {
      String reason =
          faulty.reason() + " (attempt " + attempt + " of " + policy.maxAttempts() + ")";
      return Optional.of(
          faulty.fault() == Fault.MALFORMED || faulty.fault() == Fault.OF_OTHER_FORM
              ? new Outcome.Malformed<>(reason, false)
              : new Outcome.Unavailable<>(reason, false));
    }
    if (!controls.budget().take()) {
      return Optional.of(
          new Outcome.Unavailable<>(faulty.reason() + " (and the run has no retry left)", true));
    }
    return Optional.empty();
  }

  /** The end of a call for which the API has asked for too long a wait. */
  private <T> Optional<Outcome<T>> closed(Endpoint endpoint) {
    Instant until = quota(endpoint).closedUntil();
    Instant now = controls.time().instant();
    if (!until.isAfter(now.plus(policy.longestAskedWait()))) {
      return Optional.empty();
    }
    return Optional.of(
        new Outcome.Unavailable<>(
            "the API asks to wait "
                + Duration.between(now, until).toSeconds()
                + " s, longer than the "
                + policy.longestAskedWait().toSeconds()
                + " s that a run waits",
            false));
  }

  private <T> void pause(Endpoint endpoint, int attempt, Attempt.Faulty<T> faulty)
      throws InterruptedException, StoppedException {
    Duration asked = faulty.retryAfter();
    if (asked == null && faulty.fault() == Fault.LIMIT && endpoint.billed()) {
      asked = QUOTA_WINDOW;
    }
    Duration backoff = policy.backoff(attempt, controls.random());
    Duration wait = asked == null || asked.compareTo(backoff) < 0 ? backoff : asked;
    LOG.warn(
        "{}: {}; attempt {} of {} follows in {} ms",
        endpoint.path(),
        faulty.reason(),
        attempt + 1,
        policy.maxAttempts(),
        wait.toMillis());
    Instant until = controls.time().instant().plus(wait);
    if (asked != null) {
      quota(endpoint).permits.deferUntil(until);
    }
    controls.listener().on(new RequestListener.Event.Waiting(endpoint, until));
    controls.stop().sleep(wait, controls.time());
  }

  private Quota quota(Endpoint endpoint) {
    return endpoint.billed() ? reports : lookups;
  }

  private static <T, U> Outcome<U> failure(Outcome<T> outcome) {
    if (outcome instanceof Outcome.Failure<T> failure) {
      return failure.as();
    }
    throw new IllegalStateException("not a failure: " + outcome.getClass());
  }

  /** One of the API's quotas. */
  private static final class Quota {
    private final Permits permits;

    /** Until when the API has asked for patience, where that is longer than ours. */
    private Instant closedUntil = Instant.MIN;

    Quota(Permits permits) {
      this.permits = permits;
    }

    synchronized Instant closedUntil() {
      return closedUntil;
    }

    synchronized void closeUntil(Instant time) {
      closedUntil = time.isAfter(closedUntil) ? time : closedUntil;
    }
  }

  /** What is done before each attempt. */
  private interface Preparation {
    void prepare() throws IOException;
  }

  /** Tells the handler's faults from the connection's. */
  private static final class HandlerException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final IOException cause;

    HandlerException(IOException cause) {
      super(cause);
      this.cause = cause;
    }
  }

  private record GuardedHandler(RowHandler handler) implements RowHandler {
    @Override
    public void restart() throws IOException {
      handler.restart();
    }

    @Override
    public void row(RawRow row) {
      try {
        handler.row(row);
      } catch (IOException e) {
        throw new HandlerException(e);
      }
    }
  }
}
