package fathomexport.api;

import fathomexport.api.Transport.BodyReader;
import fathomexport.api.answer.AggregationAnswer;
import fathomexport.api.answer.AggregationAnswer.Contents;
import fathomexport.api.answer.AnswerParser;
import fathomexport.api.answer.CurrentVisitors;
import fathomexport.api.answer.Listed;
import fathomexport.api.answer.Lookups;
import fathomexport.api.answer.RowHandler;
import fathomexport.api.answer.Token;
import fathomexport.api.pacing.AskedWaits;
import fathomexport.api.pacing.CircuitBreaker;
import fathomexport.api.pacing.RetryPolicy;
import fathomexport.api.pacing.StoppedException;
import fathomexport.api.pacing.WaitAllowance;
import fathomexport.http.HttpClients;
import fathomexport.report.Closing;
import fathomexport.report.Milestone;
import fathomexport.report.SecretUnavailableException;
import fathomexport.report.Site;
import fathomexport.report.SiteEvent;
import fathomexport.report.SiteId;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client of the Fathom Analytics API. Each call waits for a permit, sends its request and retries
 * it where that can help. A call ends as an {@link Outcome}; the only exceptions are those of the
 * caller's row handler, and that of a client which is closed. Thread-safe.
 */
public final class FathomClient implements AutoCloseable {
  /** How many calls that fail in a row are taken for a failure of the API or the account. */
  public static final int CONSECUTIVE_FAILURES = CircuitBreaker.CONSECUTIVE_FAILURES;

  private static final Logger LOG = LoggerFactory.getLogger(FathomClient.class);

  /**
   * How long a request in progress may take after a stop; the run needs the rest of the time that
   * schedulers grant.
   */
  private static final Duration STOP_GRACE = Duration.ofSeconds(15);

  /** Maximum number of attempts at a query of a site that has failed before. */
  private static final int ATTEMPTS_OF_THE_TROUBLED = 2;

  private final RetryPolicy policy;
  private final RunControls controls;
  private final Transport transport;
  private final ClientState state;
  private final RetryingCaller caller;
  private final String asker;
  private final PaidAnswers paid;
  private final Instant after;
  private final boolean isView;

  /**
   * Creates a client for one run.
   *
   * @param environment the environment variables, which may hold the token and name a proxy
   * @throws SecretUnavailableException if the token is missing or cannot be a token
   * @throws fathomexport.http.UnusableSettingsException if the proxy or the certificate authorities
   *     cannot be used
   */
  public FathomClient(ApiSettings settings, Map<String, String> environment, RunControls controls) {
    String token = settings.token().resolve(environment);
    // The HTTP client would reject such a header with a message that quotes it.
    if (!token.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
      throw new SecretUnavailableException(
          "the API token holds white space or characters other than ASCII, so it cannot be one: "
              + "check where it is stored",
          null);
    }
    String version = FathomClient.class.getPackage().getImplementationVersion();
    this.policy = settings.retries();
    this.controls = controls;
    this.state =
        new ClientState(
            new CircuitBreaker(
                policy.patience(), policy.longestAskedWait(), controls.time(), controls.stop()),
            new AskedWaits(controls.time()),
            controls.budgets());
    this.asker = Endpoint.AGGREGATIONS.path();
    this.paid = PaidAnswers.NONE;
    this.after = Instant.MIN;
    this.isView = false;
    this.transport =
        new Transport(
            settings,
            environment,
            token,
            version == null ? "dev" : version,
            controls.stop(),
            STOP_GRACE,
            controls.time());
    this.caller =
        new RetryingCaller(
            settings.baseUrl().toString().replaceAll("/+$", ""),
            policy,
            controls,
            transport,
            state);
  }

  private FathomClient(FathomClient whole, String asker, RetryingCaller caller) {
    this(whole, asker, caller, whole.paid, whole.after);
  }

  private FathomClient(
      FathomClient whole, String asker, RetryingCaller caller, PaidAnswers paid, Instant after) {
    this.policy = whole.policy;
    this.controls = whole.controls;
    this.transport = whole.transport;
    this.state = whole.state;
    this.caller = caller;
    this.asker = asker;
    this.paid = paid;
    this.after = after;
    this.isView = true;
  }

  /**
   * Returns a view of this client for the queries of one report. Its retries count against separate
   * budgets, one per site. Closing the view has no effect.
   */
  public FathomClient askingFor(String report) {
    return new FathomClient(this, report, caller.counting());
  }

  /**
   * Returns a view like {@link #askingFor(String)} for a site that has failed before: it makes at
   * most 2 attempts, because each request is billed.
   */
  public FathomClient askingTroubled(String report) {
    return new FathomClient(this, report, caller.withAttempts(ATTEMPTS_OF_THE_TROUBLED));
  }

  /**
   * Returns a view for a caller that queries other sites while the API asks to wait for one: a call
   * that would have to wait for its site for longer than for any other retry ends with {@link
   * Outcome.Unavailable.Cause#HELD}, and the caller repeats it later.
   */
  public FathomClient postponing() {
    return new FathomClient(this, asker, caller.postponing());
  }

  /**
   * Returns a view for what a run can do without: no call waits for its site or for an API that
   * does not respond. Where the API asks for that, the call ends, and the caller asks for something
   * else.
   */
  public FathomClient dispensable() {
    return new FathomClient(this, asker, caller.dispensable());
  }

  /**
   * Returns a view whose calls, and those of its own views, wait for no more than this in all: one
   * that would have to ends with {@link Outcome.Unavailable.Cause#DOWN}, whatever wait the run
   * accepts.
   *
   * @param why the rule and its reason, for people: what waits for no more than how long
   */
  public FathomClient within(Duration most, String why) {
    return new FathomClient(this, asker, caller.within(new WaitAllowance(most, why)));
  }

  /** Returns a view that keeps its answers, and sends no request whose answer was kept before. */
  public FathomClient keeping(PaidAnswers answers) {
    return new FathomClient(this, asker, caller, answers, after);
  }

  /** Returns a view for a query that asks again: answers that ended by then are of no use to it. */
  public FathomClient askingAfter(Instant known) {
    return new FathomClient(this, asker, caller, paid, known);
  }

  /** Returns how long the API asks to send nothing about a site; zero if it does not. */
  public Duration heldFor(SiteId site) {
    return state.asked.of(site).map(AskedWaits.AskedWait::time).orElse(Duration.ZERO);
  }

  /** Returns whether the run accepts a wait that the API asks for. */
  public boolean waitsFor(Duration asked) {
    return policy.accepts(asked);
  }

  /** Waits until something may be sent about a site, or until a stop is requested. */
  public void awaitHeld(SiteId site) throws InterruptedException {
    try {
      caller.awaitSite(Endpoint.AGGREGATIONS, site);
    } catch (StoppedException e) {
      LOG.debug("the wait for site {} ends by a stop", site);
    }
  }

  /** Returns what the last response showed of the way to the API; empty before the first one. */
  public Optional<Reached> reached() {
    return transport.reached();
  }

  /**
   * Returns the proxy that the environment names for a base URL, without its password.
   *
   * @throws fathomexport.http.UnusableSettingsException if the environment does not name an HTTP
   *     proxy
   */
  public static Optional<String> proxy(URI baseUrl, Map<String, String> environment) {
    return new HttpClients(environment, null).proxy(baseUrl);
  }

  /**
   * Returns the number of requests sent so far that count as pageviews of the plan, failed ones
   * included. A connection that was refused or that is not trusted carried no request.
   */
  public long billedRequests() {
    return state.billed.get();
  }

  /**
   * Returns the number of billed requests of this view only: of one report's queries if it was
   * created by {@link #askingFor(String)}.
   */
  public long billedRequestsHere() {
    return caller.billedHere();
  }

  /**
   * Queries an aggregation.
   *
   * @param handler receives the rows; they are valid only if the outcome is a success
   * @throws IOException only from the handler
   */
  public Outcome<AggregationAnswer> aggregations(AggregationRequest request, RowHandler handler)
      throws IOException {
    RowHandler guarded = new GuardedHandler(handler);
    try {
      Optional<PaidAnswer> known = paid.find(request, after);
      if (known.isPresent()) {
        return known.get().outcome(request.shape(), guarded);
      }
      return sent(request, guarded);
    } catch (GuardedHandler.HandlerException e) {
      throw e.thrown();
    }
  }

  private Outcome<AggregationAnswer> sent(AggregationRequest request, RowHandler handler)
      throws IOException {
    long[] requests = {0};
    AtomicReference<@Nullable BodyCopy> copy = new AtomicReference<>();
    BodyReader<Contents> reader =
        body -> {
          if (!paid.keeps()) {
            return AnswerParser.parse(body, request.shape(), handler);
          }
          BodyCopy copied = new BodyCopy();
          copy.set(copied);
          return AnswerParser.parse(copied.of(body), request.shape(), handler);
        };
    Outcome<Contents> outcome =
        caller.call(
            Endpoint.AGGREGATIONS,
            new CallScope(request.slice().site(), asker),
            "/aggregations?" + request.query(),
            new RequestSender.Preparation() {
              @Override
              public void prepare() throws IOException {
                handler.restart();
              }

              @Override
              public void sent() {
                requests[0]++;
              }
            },
            reader);
    Instant endedAt = controls.time().instant();
    if (outcome instanceof Outcome.Success<Contents> success) {
      AggregationAnswer answer =
          new AggregationAnswer(success.answer(), Math.toIntExact(requests[0]), endedAt);
      BodyCopy copied = copy.get();
      if (copied != null) {
        Optional<byte[]> body = copied.bytes();
        body.ifPresent(bytes -> paid.keep(request, PaidAnswer.of(bytes, answer)));
      }
      return new Outcome.Success<>(answer);
    }
    Outcome.Failure<AggregationAnswer> failure = outcome.failure();
    if (failure instanceof Outcome.Refused<AggregationAnswer> refused
        && refused.refusal().isAboutTheRequest()) {
      paid.keep(request, PaidAnswer.of(refused, endedAt));
    }
    return failure;
  }

  /**
   * Lists all sites that the token may list, oldest first. Invalid records, and further records of
   * a site that contradict its first one, are listed separately.
   */
  public Outcome<Listed<Site>> sites() {
    return new ListCalls(caller).sites();
  }

  /** Fetches one site. Also works for tokens that may not list sites. */
  public Outcome<Site> site(SiteId id) {
    return caller.call(
        Endpoint.SITE,
        new CallScope(id, Endpoint.SITE.path()),
        "/sites/" + AggregationRequest.encode(id.value()),
        () -> {},
        body -> Lookups.site(Lookups.object(body)));
  }

  /**
   * Lists the events of a site, one per name, in the API's order. If several records share a name,
   * the first currency among them counts.
   */
  public Outcome<List<SiteEvent>> events(SiteId site) {
    return new ListCalls(caller).events(site);
  }

  /**
   * Lists the notes on a site's timeline, one per id.
   *
   * @return empty if the API does not offer them to this token, which is not a failure: the
   *     endpoint is newer than many accounts' tokens
   */
  public Outcome<Optional<List<Milestone>>> milestones(SiteId site) {
    return new ListCalls(caller).milestones(site);
  }

  /** Fetches the properties of the token; it is the check before a run. */
  public Outcome<Token> token() {
    return caller.call(
        Endpoint.TOKEN,
        new CallScope(null, Endpoint.TOKEN.path()),
        "/token",
        () -> {},
        Lookups::token);
  }

  /**
   * Fetches the current visitors of a site. Billed.
   *
   * @param detailed whether to include pages and referrers
   */
  public Outcome<CurrentVisitors> currentVisitors(SiteId site, boolean detailed) {
    return caller.call(
        Endpoint.CURRENT_VISITORS,
        new CallScope(site, Endpoint.CURRENT_VISITORS.path()),
        "/current_visitors?site_id="
            + AggregationRequest.encode(site.value())
            + (detailed ? "&detailed=true" : ""),
        () -> {},
        body -> Lookups.visitors(body, detailed));
  }

  @Override
  public void close() {
    if (isView) {
      return;
    }
    Closing.inReverse(List.of(state.breaker, controls.lookups(), controls.reports(), transport));
  }
}
