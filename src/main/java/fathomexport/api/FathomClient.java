package fathomexport.api;

import fathomexport.api.AggregationAnswer.Contents;
import fathomexport.api.Attempt.Fault;
import fathomexport.api.Transport.BodyReader;
import fathomexport.report.Milestone;
import fathomexport.report.SecretUnavailableException;
import fathomexport.report.Site;
import fathomexport.report.SiteEvent;
import fathomexport.report.SiteId;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client of the Fathom Analytics API. Each call waits for a permit, sends its request and retries
 * it where that can help. A call ends as an {@link Outcome}; the only exceptions are those of the
 * caller's row handler. Thread-safe.
 */
public final class FathomClient implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(FathomClient.class);
  private static final int PAGE_SIZE = 100;
  private static final int MOST_PAGES = 1000;

  /**
   * The wait after a 429 without {@code Retry-After}: after it, the whole quota per minute is free.
   */
  private static final Duration QUOTA_WINDOW = Duration.ofMinutes(1);

  /** Waits that are longer than this are reported separately. */
  private static final Duration LONG_WAIT = Duration.ofMinutes(2);

  /**
   * The longest wait that a daily limit can cause in any time zone; a longer request is a mistake.
   */
  private static final Duration LONGEST_BELIEVED = Duration.ofHours(25);

  /** Waits whose ends differ by no more than this count as one wait. */
  private static final Duration SAME_WAIT = Duration.ofSeconds(5);

  /**
   * How long a request in progress may take after a stop; the run needs the rest of the time that
   * schedulers grant.
   */
  private static final Duration STOP_GRACE = Duration.ofSeconds(15);

  /** Maximum number of attempts at a query of a site that has failed before. */
  private static final int ATTEMPTS_OF_THE_TROUBLED = 2;

  private final String baseUrl;
  private final RetryPolicy policy;
  private final RunControls controls;
  private final Transport transport;
  private final Shared shared;
  private final String asker;
  private final boolean isView;

  /** Number of billed requests of this view. */
  private final AtomicLong billedHere = new AtomicLong();

  /** Maximum number of requests of one call, the first included; a 429 has its own maximum. */
  private final int attempts;

  /** Whether the caller queries other sites while the API asks to wait for one. */
  private final boolean postpones;

  /**
   * Creates a client for one run.
   *
   * @param environment the environment variables, which may hold the token and name a proxy
   * @throws SecretUnavailableException if the token is missing or cannot be a token
   * @throws UnusableSettingsException if the proxy or the certificate authorities cannot be used
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
    this.baseUrl = settings.baseUrl().toString().replaceAll("/+$", "");
    this.policy = settings.retries();
    this.controls = controls;
    this.shared =
        new Shared(
            new CircuitBreaker(
                policy.patience(), policy.longestAskedWait(), controls.time(), controls.stop()),
            new AskedWaits(controls.time()));
    this.asker = Endpoint.AGGREGATIONS.path();
    this.isView = false;
    this.attempts = policy.maxAttempts();
    this.postpones = false;
    this.transport =
        new Transport(
            settings,
            environment,
            token,
            version == null ? "dev" : version,
            controls.stop(),
            STOP_GRACE,
            controls.time());
  }

  private FathomClient(FathomClient whole, String asker, int attempts, boolean postpones) {
    this.baseUrl = whole.baseUrl;
    this.policy = whole.policy;
    this.controls = whole.controls;
    this.transport = whole.transport;
    this.shared = whole.shared;
    this.asker = asker;
    this.isView = true;
    this.attempts = Math.min(attempts, whole.attempts);
    this.postpones = postpones;
  }

  /**
   * Returns a view of this client for the queries of one report. Its retries count against separate
   * budgets, one per site. Closing the view has no effect.
   */
  public FathomClient askingFor(String report) {
    return new FathomClient(this, report, attempts, postpones);
  }

  /**
   * Returns a view like {@link #askingFor(String)} for a site that has failed before: it makes at
   * most 2 attempts, because each request is billed.
   */
  public FathomClient askingTroubled(String report) {
    return new FathomClient(this, report, ATTEMPTS_OF_THE_TROUBLED, postpones);
  }

  /**
   * Returns a view for a caller that queries other sites while the API asks to wait for one: a call
   * that would have to wait for its site for longer than for any other retry ends with {@link
   * Outcome.Unavailable.Cause#HELD}, and the caller repeats it later.
   */
  public FathomClient postponing() {
    return new FathomClient(this, asker, attempts, true);
  }

  /** Returns how long the API asks to send nothing about a site; zero if it does not. */
  public Duration heldFor(SiteId site) {
    return shared.asked.of(site).map(AskedWaits.Left::time).orElse(Duration.ZERO);
  }

  /** Returns whether the run accepts a wait that the API asks for. */
  public boolean waitsFor(Duration asked) {
    return asked.compareTo(policy.longestAskedWait()) <= 0;
  }

  /** Waits until something may be sent about a site, or until a stop is requested. */
  public void awaitHeld(SiteId site) throws InterruptedException {
    try {
      sitOut(Endpoint.AGGREGATIONS, site);
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
   * @throws UnusableSettingsException if the environment does not name an HTTP proxy
   */
  public static Optional<String> proxy(URI baseUrl, Map<String, String> environment) {
    return Proxies.of(baseUrl, environment).map(Proxies::toString);
  }

  /**
   * Returns the number of requests so far that count as pageviews of the plan, failed ones
   * included.
   */
  public long billedRequests() {
    return shared.billed.get();
  }

  /** Returns the server's clock at its last response; null if no response has said it. */
  public @Nullable Instant serverTime() {
    return transport.serverTime();
  }

  /**
   * Returns the number of billed requests of this view only: of one report's queries if it was
   * created by {@link #askingFor(String)}.
   */
  public long billedRequestsHere() {
    return billedHere.get();
  }

  /**
   * Queries an aggregation.
   *
   * @param handler receives the rows; they are valid only if the outcome is a success
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
              new Scope(request.slice().site(), asker),
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

  /**
   * Lists all sites that the token may list, oldest first. Invalid records are listed separately.
   */
  public Outcome<Listed<Site>> sites() {
    Outcome<Listed<Site>> outcome =
        all(Endpoint.SITES, "/sites", new Scope(null, Endpoint.SITES.path()), Lookups::site);
    if (!(outcome instanceof Outcome.Success<Listed<Site>> success)) {
      return failure(outcome);
    }
    Map<SiteId, Site> sites = new LinkedHashMap<>();
    success.answer().found().forEach(site -> sites.putIfAbsent(site.id(), site));
    return new Outcome.Success<>(new Listed<>(List.copyOf(sites.values()), success.answer().odd()));
  }

  /** Fetches one site. Also works for tokens that may not list sites. */
  public Outcome<Site> site(SiteId id) {
    return call(
        Endpoint.SITE,
        new Scope(id, Endpoint.SITE.path()),
        "/sites/" + AggregationRequest.encode(id.value()),
        () -> {},
        body -> Lookups.site(Lookups.object(body)));
  }

  /**
   * Lists the events of a site, one per name, in the API's order. If several records share a name,
   * the first currency among them counts.
   */
  public Outcome<List<SiteEvent>> events(SiteId site) {
    Outcome<Listed<SiteEvent>> outcome =
        all(
            Endpoint.EVENTS,
            "/sites/" + AggregationRequest.encode(site.value()) + "/events",
            new Scope(site, Endpoint.EVENTS.path()),
            Lookups::event);
    if (!(outcome instanceof Outcome.Success<Listed<SiteEvent>> success)) {
      return failure(outcome);
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
  public Outcome<Optional<List<Milestone>>> milestones(SiteId site) {
    Outcome<Listed<Milestone>> outcome =
        all(
            Endpoint.MILESTONES,
            "/sites/" + AggregationRequest.encode(site.value()) + "/milestones",
            new Scope(site, Endpoint.MILESTONES.path()),
            Lookups::milestone);
    if (outcome instanceof Outcome.Refused<?> refused
        && (refused.refusal() == Refusal.NOT_FOUND || refused.refusal() == Refusal.PERMISSION)) {
      return new Outcome.Success<>(Optional.empty());
    }
    if (!(outcome instanceof Outcome.Success<Listed<Milestone>> success)) {
      return failure(outcome);
    }
    success.answer().odd().forEach(odd -> LOG.warn("site {}: skipping a milestone: {}", site, odd));
    Map<String, Milestone> milestones = new LinkedHashMap<>();
    success.answer().found().forEach(m -> milestones.putIfAbsent(m.id(), m));
    return new Outcome.Success<>(Optional.of(List.copyOf(milestones.values())));
  }

  /** Fetches the properties of the token; it is the check before a run. */
  public Outcome<Token> token() {
    return call(
        Endpoint.TOKEN, new Scope(null, Endpoint.TOKEN.path()), "/token", () -> {}, Lookups::token);
  }

  /**
   * Fetches the current visitors of a site. Billed.
   *
   * @param detailed whether to include pages and referrers
   */
  public Outcome<CurrentVisitors> currentVisitors(SiteId site, boolean detailed) {
    return call(
        Endpoint.CURRENT_VISITORS,
        new Scope(site, Endpoint.CURRENT_VISITORS.path()),
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
    transport.close();
    controls.reports().close();
    controls.lookups().close();
  }

  /** Fetches all pages of a list. */
  private <T> Outcome<Listed<T>> all(
      Endpoint endpoint, String path, Scope about, Lookups.RecordReader<T> reader) {
    List<T> found = new ArrayList<>();
    Set<String> odd = new LinkedHashSet<>();
    Set<String> cursors = new LinkedHashSet<>();
    String after = null;
    for (int page = 0; page < MOST_PAGES; page++) {
      String query =
          "?limit="
              + PAGE_SIZE
              + (after == null ? "" : "&starting_after=" + AggregationRequest.encode(after));
      Outcome<Lookups.Page<T>> outcome =
          call(endpoint, about, path + query, () -> {}, body -> Lookups.page(body, reader));
      if (!(outcome instanceof Outcome.Success<Lookups.Page<T>> success)) {
        return failure(outcome);
      }
      Lookups.Page<T> got = success.answer();
      found.addAll(got.found());
      odd.addAll(got.odd());
      if (!got.more() || (got.found().isEmpty() && got.odd().isEmpty())) {
        return new Outcome.Success<>(new Listed<>(found, List.copyOf(odd)));
      }
      after = got.cursor();
      if (after == null || !cursors.add(after)) {
        return new Outcome.Malformed<>("the pages of " + endpoint.path() + " repeat", true);
      }
    }
    return new Outcome.Malformed<>(
        endpoint.path() + " has more than " + MOST_PAGES + " pages of " + PAGE_SIZE, true);
  }

  private <T> Outcome<T> call(
      Endpoint endpoint,
      Scope about,
      String pathAndQuery,
      Preparation preparation,
      BodyReader<T> reader) {
    RetryBudget budget = shared.budgets.computeIfAbsent(about, scope -> controls.budgets().get());
    CircuitBreaker breaker = shared.breaker;
    try {
      for (int attempt = 1; ; attempt++) {
        AskedWaits.Left held = shared.asked.of(about.site()).orElse(null);
        if (held != null && !waitsInPlace(held.time())) {
          return held(about.site(), held);
        }
        sitOut(endpoint, about.site());
        CircuitBreaker.Pass pass =
            breaker.enter(
                about.site(), (time, reason) -> longWait(endpoint, inFuture(time), reason));
        if (pass == CircuitBreaker.Pass.OVER) {
          findOutWhatIsDown();
          attempt--;
          continue;
        }
        if (pass == CircuitBreaker.Pass.SITE_DOWN) {
          return siteDown(about.site());
        }
        if (pass == CircuitBreaker.Pass.DOWN) {
          return down(endpoint);
        }
        boolean probe = pass == CircuitBreaker.Pass.PROBE;
        Attempt<T> end = null;
        try {
          end =
              attempt(endpoint, about.site(), baseUrl + pathAndQuery, attempt, preparation, reader);
        } finally {
          if (probe && !(end instanceof Attempt.Faulty || isAnswer(end))) {
            breaker.abandoned();
          }
        }
        if (isAnswer(end)) {
          shared.limited.set(false);
          shared.downWords = null;
          breaker.answered(about.site());
        }
        if (end instanceof Attempt.Usable<T> usable) {
          budget.answered();
          return new Outcome.Success<>(usable.answer());
        } else if (end instanceof Attempt.Refused<T> refused) {
          return refused.refusal();
        } else if (end instanceof Attempt.Misconfigured<T> hopeless) {
          return new Outcome.Misconfigured<>(hopeless.reason());
        } else if (end instanceof Attempt.Faulty<T> faulty) {
          Optional<Outcome<T>> last = faulty(endpoint, about, budget, attempt, probe, faulty);
          if (last.isPresent()) {
            return last.get();
          }
          if (sitsOut(faulty) || breaker.isOpen()) {
            attempt = 0; // The attempts of this query do not include the wait.
          } else if (faulty.fault() == Fault.LIMIT || shared.asked.of(about.site()).isEmpty()) {
            pause(endpoint, about, attempt, faulty);
          }
        } else if (end instanceof Attempt.Lapsed) {
          LOG.warn(
              "{}: this process was suspended for too long; requesting a new permit",
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
    } catch (WaitTooLongException e) {
      return closed(e.endpoint, e.wait);
    }
  }

  /** Returns whether the API responded, even if with a refusal. */
  private static boolean isAnswer(@Nullable Attempt<?> end) {
    return end instanceof Attempt.Usable
        || end instanceof Attempt.Refused
        || (end instanceof Attempt.Faulty<?> faulty && faulty.fault() == Fault.MALFORMED_FOR_GOOD);
  }

  private <T> Attempt<T> attempt(
      Endpoint endpoint,
      @Nullable SiteId site,
      String url,
      int attempt,
      Preparation preparation,
      BodyReader<T> reader)
      throws InterruptedException, StoppedException {
    RequestListener listener = controls.listener();
    Permits.Permit permit = permits(endpoint).acquire(wait -> waiting(endpoint, wait));
    try {
      preparation.prepare();
    } catch (IOException e) {
      permit.close();
      throw new HandlerException(e);
    }
    if (endpoint.billed()) {
      shared.billed.incrementAndGet();
      billedHere.incrementAndGet();
    }
    long start = controls.time().nanos();
    boolean usable = false;
    try {
      listener.on(new RequestListener.Event.Sent(endpoint, attempt));
      Attempt<T> end = transport.attempt(url, permit, endpoint.maxBodyBytes(), reader);
      if (end instanceof Attempt.Faulty<T> faulty) {
        obey(endpoint, site, faulty);
      }
      if (end instanceof Attempt.Faulty<T> faulty && faulty.fault() == Fault.LIMIT) {
        permit.limited();
        shared.limited.set(true);
        listener.on(new RequestListener.Event.Limited(endpoint));
      } else if (end instanceof Attempt.Lapsed && endpoint.billed()) {
        shared.billed.decrementAndGet();
        billedHere.decrementAndGet();
      }
      usable = end instanceof Attempt.Usable<T>;
      return end;
    } finally {
      permit.close();
      Duration took = Duration.ofNanos(controls.time().nanos() - start);
      listener.on(new RequestListener.Event.Answered(endpoint, attempt, usable, took));
    }
  }

  /** Returns the wait that the API requests, or null if it requests none. */
  private static @Nullable Duration asked(Endpoint endpoint, Attempt.Faulty<?> faulty) {
    return faulty.retryAfter() == null && faulty.fault() == Fault.LIMIT && endpoint.billed()
        ? QUOTA_WINDOW
        : faulty.retryAfter();
  }

  /**
   * Records the wait that a response asks for, whatever becomes of its call. No other place does. A
   * 429 concerns the whole account, so it delays every permit of the endpoint's quota. Any other
   * response concerns the site of its query: if all sites are asked to wait, the circuit breaker
   * notices it.
   */
  private void obey(Endpoint endpoint, @Nullable SiteId site, Attempt.Faulty<?> faulty) {
    Duration asked = asked(endpoint, faulty);
    if (asked == null) {
      return;
    }
    if (faulty.fault() == Fault.LIMIT) {
      permits(endpoint).deferUntil(inFuture(believed(asked)));
    } else {
      shared.asked.add(site, believed(asked), faulty.reason());
    }
  }

  /** Returns whether a call waits for its site itself, rather than end. */
  private boolean waitsInPlace(Duration held) {
    return held.compareTo(postpones ? policy.cap() : policy.longestAskedWait()) <= 0;
  }

  /** Waits until the API accepts queries about a site again, as it asked. */
  private void sitOut(Endpoint endpoint, @Nullable SiteId site)
      throws InterruptedException, StoppedException {
    AskedWaits.Left held = shared.asked.of(site).orElse(null);
    if (held == null) {
      return;
    }
    Instant until = inFuture(held.time());
    controls.listener().on(new RequestListener.Event.Waiting(endpoint, until));
    if (held.time().compareTo(LONG_WAIT) > 0) {
      longWait(
          endpoint,
          until,
          "the API asks to wait"
              + (site == null ? "" : " with queries about site " + site)
              + ": "
              + held.reason());
    }
    controls.stop().sleep(held.time(), controls.time());
  }

  private static Duration believed(Duration asked) {
    return asked.compareTo(LONGEST_BELIEVED) < 0 ? asked : LONGEST_BELIEVED;
  }

  /**
   * Reports that a request waits for a permit.
   *
   * @throws WaitTooLongException if the wait is longer than the run accepts
   */
  private void waiting(Endpoint endpoint, Permits.Wait wait) {
    Duration time = Duration.between(controls.time().instant(), wait.until());
    if (time.compareTo(policy.longestAskedWait()) > 0) {
      throw new WaitTooLongException(endpoint, wait);
    }
    controls.listener().on(new RequestListener.Event.Waiting(endpoint, wait.until()));
    if (time.compareTo(LONG_WAIT) > 0) {
      longWait(
          endpoint,
          wait.until(),
          wait.asked()
              ? "the API has asked to wait until then"
              : quota(endpoint) + " is used up until then");
    }
  }

  /** Describes the quota that applies to an endpoint. */
  private static String quota(Endpoint endpoint) {
    return endpoint.billed()
        ? "the quota of reports"
        : "the quota of sites and events, "
            + String.format(Locale.ROOT, "%,d", RunControls.LOOKUPS_PER_WINDOW)
            + " requests per hour,";
  }

  /** Reports a wait once, even if it delays several requests. */
  private void longWait(Endpoint endpoint, Instant until, String reason) {
    Instant before = shared.announced.getAndSet(until);
    if (Duration.between(before, until).abs().compareTo(SAME_WAIT) > 0) {
      controls.listener().on(new RequestListener.Event.LongWait(endpoint, until, reason));
    }
  }

  private Instant inFuture(Duration time) {
    return controls.time().instant().plus(time);
  }

  /** Returns whether the API requests a wait that does not count as an attempt. */
  private boolean sitsOut(Attempt.Faulty<?> faulty) {
    Duration asked = faulty.retryAfter();
    return policy.waits() && asked != null && asked.compareTo(QUOTA_WINDOW) > 0;
  }

  /** Decides after a failed attempt: returns the outcome of the call, or empty to retry. */
  private <T> Optional<Outcome<T>> faulty(
      Endpoint endpoint,
      Scope about,
      RetryBudget budget,
      int attempt,
      boolean probe,
      Attempt.Faulty<T> faulty)
      throws InterruptedException, StoppedException {
    CircuitBreaker breaker = shared.breaker;
    Duration asked = faulty.retryAfter() == null ? Duration.ZERO : believed(faulty.retryAfter());
    if (faulty.fault() == Fault.LIMIT
        && (sitsOut(faulty) || asked.compareTo(policy.longestAskedWait()) > 0)) {
      if (probe) {
        breaker.abandoned();
      }
      return sitsOut(faulty)
          ? Optional.empty()
          : Optional.of(closed(endpoint, new Permits.Wait(inFuture(asked), true)));
    }
    if (faulty.fault() == Fault.MALFORMED_FOR_GOOD
        || (faulty.fault() == Fault.OF_OTHER_FORM && attempt > 1)) {
      if (probe && faulty.fault() == Fault.OF_OTHER_FORM) {
        breaker.trip(faulty.reason(), true);
      }
      return Optional.of(new Outcome.Malformed<>(faulty.reason(), true));
    }
    SiteId site = about.site();
    boolean cleared = probe && site != null && policy.waits() && accountAnswers();
    if (cleared) {
      breaker.answered(null);
    }
    boolean probing = probe && !cleared;
    int most = faulty.fault() == Fault.LIMIT ? policy.maxAttempts() : attempts;
    boolean last = attempt >= most;
    boolean retried = !probing && !last && budget.take();
    // A caller that continues with other sites gets to know of each call that is held.
    boolean held = retried && site != null && faulty.fault() != Fault.LIMIT && !waitsInPlace(asked);
    if (retried && !held) {
      return Optional.empty();
    }
    List<String> ends = new ArrayList<>();
    if (last) {
      ends.add("attempt " + attempt + " of " + most);
    }
    if (!probing && !held && budget.spent()) {
      ends.add(about.spentWords());
    }
    String reason = faulty.reason() + (ends.isEmpty() ? "" : " (" + String.join("; ", ends) + ")");
    if (site == null) {
      if (policy.waits() || probe) {
        breaker.trip(reason, probe);
      }
    } else if (!policy.waits() || held || (probing && !asked.isZero())) {
      // Also in a run that waits: the pause ends at a time that the API has named.
      breaker.failed(site, reason, probing, asked);
    } else if (probing || (!cleared && !accountAnswers())) {
      // A run that waits has no patience that ends, so it must not take the trouble of its last
      // sites for the API's: the account decides, not the number of failures.
      breaker.trip(reason, probe);
    } else {
      breaker.answered(null);
    }
    if (breaker.isOver()) {
      findOutWhatIsDown();
    }
    if (breaker.isDown()) {
      return Optional.of(down(endpoint));
    }
    if (breaker.isOpen()) {
      return site == null && policy.waits()
          ? Optional.empty()
          : Optional.of(new Outcome.Unavailable<>(reason, Outcome.Unavailable.Cause.INTERRUPTED));
    }
    AskedWaits.Left wait = held ? shared.asked.of(site).orElse(null) : null;
    if (wait != null) {
      return Optional.of(held(site, wait));
    }
    if (last && (faulty.fault() == Fault.MALFORMED || faulty.fault() == Fault.OF_OTHER_FORM)) {
      return Optional.of(new Outcome.Malformed<>(reason, false));
    }
    return Optional.of(
        new Outcome.Unavailable<>(
            reason,
            budget.spent()
                ? Outcome.Unavailable.Cause.RETRIES_SPENT
                : Outcome.Unavailable.Cause.ATTEMPTS));
  }

  /**
   * Returns whether the API responds to a request that does not depend on a site, if only with a
   * 429. Not billed.
   */
  private boolean accountAnswers() throws InterruptedException, StoppedException {
    return shared.asked.of(null).isEmpty()
        && (!(attempt(Endpoint.TOKEN, null, baseUrl + "/token", 1, () -> {}, Lookups::token)
                instanceof Attempt.Faulty<?> faulty)
            || faulty.fault() == Fault.LIMIT);
  }

  /** Returns the outcome of every call once the API counts as down for this run. */
  private <T> Outcome<T> down(Endpoint endpoint) {
    Duration closed = shared.breaker.closedFor();
    return closed != null
        ? closed(endpoint, new Permits.Wait(inFuture(closed), true))
        : new Outcome.Unavailable<>(
            Objects.requireNonNullElseGet(
                shared.downWords,
                () ->
                    "it has answered no query about a site"
                        + patience()
                        + ", although it answers for the account: "
                        + shared.breaker.reason()),
            Outcome.Unavailable.Cause.DOWN);
  }

  /**
   * Returns the outcome of a call about a site whose queries failed until the patience was over.
   */
  private <T> Outcome<T> siteDown(@Nullable SiteId site) {
    return new Outcome.Unavailable<>(
        "it has answered no query about this site or another one"
            + patience()
            + ", although it answers for the account: "
            + (site == null ? shared.breaker.reason() : shared.breaker.reason(site)),
        Outcome.Unavailable.Cause.SITE_DOWN);
  }

  private String patience() {
    return " for " + policy.patience().toSeconds() + " s";
  }

  /** Returns the outcome of a call about a site that the API asks to wait with. */
  private <T> Outcome<T> held(@Nullable SiteId site, AskedWaits.Left left) {
    return new Outcome.Unavailable<>(
        "it asks that nothing is sent "
            + (site == null ? "" : "about site " + site + " ")
            + "before "
            + inWords(inFuture(left.time()))
            + (waitsFor(left.time()) ? "" : tooLong())
            + " ("
            + left.reason()
            + ")",
        Outcome.Unavailable.Cause.HELD);
  }

  /**
   * Decides, when the patience is over, whether the API is down or the sites that failed are: the
   * account's endpoint knows.
   */
  private void findOutWhatIsDown() throws InterruptedException, StoppedException {
    if (shared.limited.get()) {
      shared.downWords =
          "it has accepted no request"
              + patience()
              + ", but asked to wait (429) or failed each time"
              + ": "
              + shared.breaker.reason();
      shared.breaker.apiIsDown();
      return;
    }
    boolean answers;
    try {
      answers = accountAnswers();
    } catch (WaitTooLongException e) {
      answers = true; // Only a limit of the account's endpoint is known.
    }
    if (answers) {
      shared.breaker.sitesAreDown();
    } else {
      shared.downWords =
          "it has not answered any request" + patience() + ": " + shared.breaker.reason();
      shared.breaker.apiIsDown();
    }
  }

  /** Returns the outcome of a call whose wait would be too long. */
  private <T> Outcome<T> closed(Endpoint endpoint, Permits.Wait wait) {
    return new Outcome.Unavailable<>(
        (wait.asked() ? "the API has asked to wait until " : quota(endpoint) + " is used up until ")
            + inWords(wait.until())
            + tooLong(),
        Outcome.Unavailable.Cause.CLOSED);
  }

  private static String inWords(Instant time) {
    return time.plusMillis(999).truncatedTo(ChronoUnit.SECONDS).toString();
  }

  private String tooLong() {
    return ", which is more than the "
        + policy.longestAskedWait().toSeconds()
        + " s that a run waits: run again after that time, or now with --wait";
  }

  private <T> void pause(Endpoint endpoint, Scope about, int attempt, Attempt.Faulty<T> faulty)
      throws InterruptedException, StoppedException {
    Duration asked = asked(endpoint, faulty);
    Duration backoff = policy.backoff(attempt, controls.random());
    Duration wait = asked == null || asked.compareTo(backoff) < 0 ? backoff : asked;
    LOG.warn(
        "{}{}: {}; starting attempt {} in {} ms",
        endpoint.path(),
        about.words(),
        faulty.reason(),
        attempt + 1,
        wait.toMillis());
    Instant until = inFuture(wait);
    controls.listener().on(new RequestListener.Event.Waiting(endpoint, until));
    if (wait.compareTo(LONG_WAIT) > 0) {
      longWait(endpoint, until, "the API asks to wait: " + faulty.reason());
    }
    controls.stop().sleep(wait, controls.time());
  }

  private Permits permits(Endpoint endpoint) {
    return endpoint.billed() ? controls.reports() : controls.lookups();
  }

  private static <T, U> Outcome<U> failure(Outcome<T> outcome) {
    if (outcome instanceof Outcome.Failure<T> failure) {
      return failure.as();
    }
    throw new IllegalStateException("not a failure: " + outcome.getClass());
  }

  /** The state that all views of a client share. */
  private static final class Shared {
    private final AtomicLong billed = new AtomicLong();
    private final Map<Scope, RetryBudget> budgets = new ConcurrentHashMap<>();
    private final AtomicReference<Instant> announced = new AtomicReference<>(Instant.EPOCH);

    /** Whether the API has responded with a 429 since it last answered. */
    private final AtomicBoolean limited = new AtomicBoolean();

    /** Why the API counts as down, or null if it does not. */
    private volatile @Nullable String downWords;

    private final CircuitBreaker breaker;
    private final AskedWaits asked;

    Shared(CircuitBreaker breaker, AskedWaits asked) {
      this.breaker = breaker;
      this.asked = asked;
    }
  }

  /**
   * The calls that share a retry budget.
   *
   * @param site null for the account as a whole
   * @param asker the report, or the path of the endpoint
   */
  private record Scope(@Nullable SiteId site, String asker) {
    /** Names the site and report, or the endpoint, whose retries are used up. */
    String spentWords() {
      String what = asker.startsWith("/") ? "requests of " + asker : "report " + asker;
      return "the retries of "
          + (site == null ? what : "site " + site + " and " + what)
          + " in this run are used up";
    }

    /** Names the site and report for the log; empty for the account as a whole. */
    String words() {
      return site == null ? "" : " for site " + site + (asker.startsWith("/") ? "" : ", " + asker);
    }
  }

  /** The wait for a permit is longer than the run accepts. */
  private static final class WaitTooLongException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Endpoint endpoint;
    private final transient Permits.Wait wait;

    WaitTooLongException(Endpoint endpoint, Permits.Wait wait) {
      super("no permit before " + wait.until());
      this.endpoint = endpoint;
      this.wait = wait;
    }
  }

  /** An action that runs before each attempt. */
  private interface Preparation {
    void prepare() throws IOException;
  }

  /** Marks an exception as one of the handler, not of the connection. */
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
